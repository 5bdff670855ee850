# PowerShell completion for openclaw and openclaw-fal
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
