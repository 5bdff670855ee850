# bash completion for openclaw and openclaw-fal
# Install: openclaw completion install bash
_openclaw() {
    local word typed prefix candidate endings
    # bash splits words at : and = (unless told otherwise), and replaces only the last part: leave
    # out of each candidate what stands before that part.
    word=${COMP_WORDS[COMP_CWORD]}
    [[ $word == [:=]* ]] && word=
    typed=${COMP_LINE:0:COMP_POINT}
    typed=${typed##*[[:space:]]}
    prefix=${typed%"$word"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate == @file* ]]; then
            endings=${candidate#@file}
            endings=${endings#$'\t'}
            if [[ -z $endings ]] && type compopt &>/dev/null; then
                compopt -o default -o filenames
                return
            fi
            type compopt &>/dev/null && compopt -o filenames
            while IFS= read -r candidate; do
                [[ -d $candidate || -z $endings || "|$endings|" == *"|${candidate##*.}|"* ]] ||
                    continue
                COMPREPLY+=("$candidate")
            done < <(compgen -f -- "${word/#\~\//$HOME/}")
            return
        fi
        candidate=${candidate%%$'\t'*}
        COMPREPLY+=("${candidate#"$prefix"}")
    done < <("${COMP_WORDS[0]}" __complete line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
# nosort (bash 4.4) keeps the order: the newest job first.
complete -o nosort -F _openclaw openclaw openclaw-fal 2>/dev/null ||
    complete -F _openclaw openclaw openclaw-fal
