# fish completion for openclaw and openclaw-fal
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
