# fish completion for openclaw and openclaw-fal
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
