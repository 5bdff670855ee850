# PowerShell completion for openclaw and openclaw-fal
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
