# bash completion for openclaw and openclaw-fal
# Install: openclaw completion bash > ~/.local/share/bash-completion/completions/openclaw
_openclaw() {
    local word typed prefix candidate
    # bash splits words at : and = (unless told otherwise), and replaces only the last part: leave
    # out of each candidate what stands before that part.
    word=${COMP_WORDS[COMP_CWORD]}
    [[ $word == [:=]* ]] && word=
    typed=${COMP_LINE:0:COMP_POINT}
    typed=${typed##*[[:space:]]}
    prefix=${typed%"$word"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        candidate=${candidate%%$'\t'*}
        if [[ $candidate == @file ]]; then
            if type compopt &>/dev/null; then
                compopt -o default -o filenames
                COMPREPLY=()
            else
                while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done \
                    < <(compgen -f -- "$word")
            fi
            return
        fi
        COMPREPLY+=("${candidate#"$prefix"}")
    done < <("${COMP_WORDS[0]}" __complete line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
# nosort (bash 4.4) keeps the order: the newest job first.
complete -o nosort -F _openclaw openclaw openclaw-fal 2>/dev/null ||
    complete -F _openclaw openclaw openclaw-fal
