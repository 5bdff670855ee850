# fish completion for openclaw and openclaw-fal
# Install: openclaw completion fish > ~/.config/fish/completions/openclaw.fish
function __openclaw_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l found ($program __complete words $words $current 2>/dev/null)
    if test "$found" = @file
        set -l option (string match -r -- '^--[^=]+=' $current; or echo)
        for path in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' $current))
            printf '%s\n' $option$path
        end
    else if test -n "$found"
        printf '%s\n' $found
    end
end
complete -c openclaw -k -f -a '(__openclaw_complete)'
complete -c openclaw-fal -k -f -a '(__openclaw_complete)'
