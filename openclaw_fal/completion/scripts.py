"""The shells' completion scripts. They call the program, so they need no update with it."""

from __future__ import annotations

_BASH = r"""# bash completion for openclaw and openclaw-fal
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
"""

_ZSH = r"""#compdef openclaw openclaw-fal
# zsh completion for openclaw and openclaw-fal
# Install: openclaw completion install zsh
_openclaw() {
    local line
    local -a described
    for line in "${(@f)$("${words[1]}" __complete words "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        if [[ $line == @file* ]]; then
            compset -P '--*='
            if [[ $line == *$'\t'* ]]; then
                _files -g "*.(#i)(${line#*$'\t'})"
            else
                _files
            fi
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
# Install: openclaw completion install fish
function __openclaw_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l answers ($program __complete words $words $current 2>/dev/null)
    if string match -q -- '@file*' "$answers"
        set -l option (string match -r -- '^--[^=]+=' $current; or echo)
        set -l endings (string replace -r -- '^@file\\t?' '' "$answers")
        for path in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' $current))
            if test -z "$endings"; or string match -qir -- "(/|\\.($endings))(\\t|\$)" $path
                printf '%s\n' $option$path
            end
        end
    else if test -n "$answers"
        printf '%s\n' $answers
    end
end
complete -c openclaw -k -f -a '(__openclaw_complete)'
complete -c openclaw-fal -k -f -a '(__openclaw_complete)'
"""

_POWERSHELL = r"""# PowerShell completion for openclaw and openclaw-fal
# Install: openclaw completion install powershell
Register-ArgumentCompleter -Native -CommandName openclaw, openclaw-fal -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.ToString().PadRight($length).Substring(0, $length)
    # In the environment, because not every version passes quotes on to a program unchanged.
    $env:OPENCLAW_FAL_COMPLETE_LINE = $line
    try {
        & $commandAst.GetCommandName() __complete line 2>$null | ForEach-Object {
            $value, $text = $_ -split "`t", 2
            # Without an answer, PowerShell completes file names.
            if ($value -eq '@file') { return }
            if (-not $text) { $text = $value }
            [Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $text)
        }
    } finally {
        Remove-Item Env:OPENCLAW_FAL_COMPLETE_LINE -ErrorAction SilentlyContinue
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
