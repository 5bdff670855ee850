# bash completion for openclaw and openclaw-fal
# Install: openclaw completion bash > ~/.local/share/bash-completion/completions/openclaw
_openclaw() {
    local line current prefix candidate
    line=${COMP_LINE:0:COMP_POINT}
    current=${line##*[[:space:]]}
    # bash splits words at : and =; it replaces only what comes after the last of them.
    prefix=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        candidate=${candidate%%$'\t'*}
        if [[ $candidate == @file ]]; then
            compopt -o default -o filenames 2>/dev/null
            COMPREPLY=()
            return
        fi
        COMPREPLY+=("${candidate#"$prefix"}")
    done < <("${COMP_WORDS[0]}" __complete line "$line" 2>/dev/null)
}
complete -F _openclaw openclaw openclaw-fal
