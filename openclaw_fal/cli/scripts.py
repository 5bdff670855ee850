"""The completion scripts. They ask the program itself, so they never get out of date."""

from __future__ import annotations

_BASH = r"""# bash completion for openclaw and openclaw-fal
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
"""

_ZSH = r"""#compdef openclaw openclaw-fal
# zsh completion for openclaw and openclaw-fal
# Install: openclaw completion zsh > "${fpath[1]}/_openclaw"
_openclaw() {
    local line
    local -a described
    for line in "${(@f)$("${words[1]}" __complete words "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        if [[ $line == @file ]]; then
            _files
            return
        fi
        if [[ $line == *$'\t'* ]]; then
            described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        else
            described+=("${line//:/\\:}")
        fi
    done
    _describe -V openclaw described
}
if [[ $funcstack[1] == _openclaw ]]; then
    _openclaw "$@"
else
    compdef _openclaw openclaw openclaw-fal
fi
"""

_FISH = r"""# fish completion for openclaw and openclaw-fal
# Install: openclaw completion fish > ~/.config/fish/completions/openclaw.fish
function __openclaw_complete
    set -l words (commandline -opc)
    set -l found ($words[1] __complete words $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$found" = @file
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c openclaw -f -a '(__openclaw_complete)'
complete -c openclaw-fal -f -a '(__openclaw_complete)'
"""

_POWERSHELL = r"""# PowerShell completion for openclaw and openclaw-fal
# Install: openclaw completion powershell >> $PROFILE
Register-ArgumentCompleter -Native -CommandName openclaw, openclaw-fal -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.ToString().PadRight($cursorPosition).Substring(0, $cursorPosition)
    & $commandAst.CommandElements[0].Value __complete line $line 2>$null | ForEach-Object {
        $value, $text = $_ -split "`t", 2
        if ($value -eq '@file') { return }
        if (-not $text) { $text = $value }
        [Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $text)
    }
}
"""

SCRIPTS: dict[str, tuple[str, str]] = {
    "bash": ("openclaw.bash", _BASH),
    "zsh": ("_openclaw", _ZSH),
    "fish": ("openclaw.fish", _FISH),
    "powershell": ("openclaw.ps1", _POWERSHELL),
}
"""Shell → (name of its file in completions/, the script)."""
