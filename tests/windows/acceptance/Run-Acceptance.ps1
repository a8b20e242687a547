<#
.SYNOPSIS
Measures what Sandbook rests on, on a real Windows. See README.md beside this.

.DESCRIPTION
Started by the person who is to be enrolled, in a plain PowerShell: two parts
ask for an administrator (UAC). Started elevated, as on a build machine, all of
it runs so. Makes accounts, filters and rules by 'sandbook setup' and takes them
back by 'sandbook uninstall'; -WithoutSetup makes none.

Ends with 0: every row passed or was measured; 1: one failed; 2: one was not
seen; 3: it could not begin.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File Run-Acceptance.ps1 -Bin C:\sandbook\bin
#>
[CmdletBinding()]
param(
    # Where acceptance.exe, sandbook.exe and its helpers lie.
    [string]$Bin = (Split-Path -Parent $MyInvocation.MyCommand.Path),
    # A new directory for what was found.
    [string]$Out = (Join-Path (Get-Location).Path 'sandbook-acceptance'),
    # Nothing is made on this machine but temporary files.
    [switch]$WithoutSetup,
    # Of a part that was started elevated; not for people.
    [ValidateSet('All', 'Before', 'After')][string]$Part = 'All',
    [string]$Person = "$env:USERDOMAIN\$env:USERNAME"
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$rows = Join-Path $Out 'rows.jsonl'
$acceptance = Join-Path $Bin 'acceptance.exe'
$sandbook = Join-Path $Bin 'sandbook.exe'
$utf8 = New-Object System.Text.UTF8Encoding($false)

function Add-Row($Name, $Expected, $Seen, $Verdict) {
    $row = [ordered]@{ name = $Name; expected = $Expected; seen = "$Seen"; verdict = $Verdict }
    $line = (ConvertTo-Json -Compress -InputObject $row) + "`n"
    [System.IO.File]::AppendAllText($rows, $line, $utf8)
    '{0,-19} {1}: {2}' -f $Verdict, $Name, $Seen | Out-Host
}

# A program's output in a file; its exit code. A line on the error stream is no
# exception of ours.
function Invoke-Program($File, $Program, [string[]]$Arguments) {
    $before = $ErrorActionPreference
    $ErrorActionPreference = 'Continue'
    try {
        & $Program @Arguments 2>&1 | ForEach-Object { "$_" } |
            Out-File -FilePath $File -Encoding utf8
        return $LASTEXITCODE
    } catch {
        "$_" | Out-File -FilePath $File -Encoding utf8
        return -1
    } finally {
        $ErrorActionPreference = $before
    }
}

function Invoke-Group([string[]]$Group) {
    $log = Join-Path $Out ("log-" + ($Group[0]) + "-" + (Get-Random) + ".txt")
    $code = Invoke-Program $log $acceptance (@('--out', $rows) + $Group)
    if ($code -eq 3 -or $code -lt 0 -or $code -gt 3) {
        Add-Row "group/$($Group -join ' ')" 'runs to its end' "exit code $code, see $(Split-Path -Leaf $log)" 'FAILED'
    }
}

function Test-Elevated {
    $me = [Security.Principal.WindowsIdentity]::GetCurrent()
    return (New-Object Security.Principal.WindowsPrincipal($me)).IsInRole(
        [Security.Principal.WindowsBuiltInRole]::Administrator)
}

# --- witnesses: what Windows' own tools say ----------------------------------

# Those in $exact must be the same text afterwards. The others change by
# themselves; in them nothing may name us.
$exact = @('net-user', 'net-localgroup', 'local-users', 'members', 'rights', 'special-accounts',
    'icacls', 'whoami-priv', 'folders')

function Save-Witness($Folder) {
    New-Item -ItemType Directory -Force -Path $Folder | Out-Null
    $file = { param($name) Join-Path $Folder "$name.txt" }
    [void](Invoke-Program (& $file 'net-user') 'net.exe' @('user'))
    [void](Invoke-Program (& $file 'net-localgroup') 'net.exe' @('localgroup'))
    [void](Invoke-Program (& $file 'whoami-priv') 'whoami.exe' @('/priv'))
    Get-LocalUser | Sort-Object Name |
        ForEach-Object { "$($_.Name) $($_.SID) $($_.Enabled) $($_.Description)" } |
        Out-File (& $file 'local-users') -Encoding utf8
    Get-LocalGroup | Sort-Object Name | ForEach-Object {
        $group = $_
        "$($group.Name) $($group.SID) $($group.Description)"
        try { Get-LocalGroupMember $group | Sort-Object SID | ForEach-Object { "  $($_.SID) $($_.Name)" } }
        catch { "  members: $_" }
    } | Out-File (& $file 'members') -Encoding utf8
    Get-NetFirewallRule | Sort-Object Name |
        ForEach-Object { "$($_.Name) | $($_.DisplayName) | $($_.Group) | $($_.Enabled) | $($_.Direction) | $($_.Action)" } |
        Out-File (& $file 'firewall') -Encoding utf8
    [void](Invoke-Program (& $file 'wfp-log') 'netsh.exe' @('wfp', 'show', 'filters', "file=$(Join-Path $Folder 'wfp-filters.txt')"))
    [void](Invoke-Program (& $file 'wfp-state-log') 'netsh.exe' @('wfp', 'show', 'state', "file=$(Join-Path $Folder 'wfp-state.txt')"))
    [void](Invoke-Program (& $file 'secedit-log') 'secedit.exe' @('/export', '/areas', 'USER_RIGHTS', '/cfg', (Join-Path $Folder 'rights.txt')))
    [void](Invoke-Program (& $file 'special-accounts') 'reg.exe' @('query', 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts', '/s'))
    [void](Invoke-Program (& $file 'profiles') 'reg.exe' @('query', 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList', '/s'))
    $home_ = [Environment]::GetFolderPath('UserProfile')
    $listed = @("$env:SystemDrive\", "$env:SystemDrive\Users", $home_, "$home_\Documents", "$home_\AppData",
        "$home_\AppData\Local", "$home_\AppData\Local\Temp", $env:ProgramData, $env:SystemRoot, $Bin)
    foreach ($path in $listed) {
        icacls.exe $path 2>&1 | ForEach-Object { "$_" }
    } | Out-File (& $file 'icacls') -Encoding utf8
    foreach ($path in @("$env:SystemDrive\Users", $env:ProgramData)) {
        Get-ChildItem -Force -LiteralPath $path | Sort-Object Name | ForEach-Object { $_.FullName }
    } | Out-File (& $file 'folders') -Encoding utf8
}

# The same text, and no word of ours: names, the family of SIDs, and the SIDs of
# the accounts that there were.
function Compare-Witness($Before, $After, [string[]]$Sids) {
    $words = @('sandbook', '53424B0001', '53424B0002') + $Sids
    foreach ($name in $exact) {
        $old = @(Get-Content -LiteralPath (Join-Path $Before "$name.txt") -ErrorAction SilentlyContinue)
        $new = @(Get-Content -LiteralPath (Join-Path $After "$name.txt") -ErrorAction SilentlyContinue)
        if ($old.Count -eq 0 -or $new.Count -eq 0) {
            Add-Row "witness/$name" 'the same text' 'it said nothing' 'not measured'
            continue
        }
        $changed = @(Compare-Object -ReferenceObject $old -DifferenceObject $new)
        $seen = if ($changed.Count -eq 0) { 'the same' } else { ($changed | Select-Object -First 3 | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" }) -join '; ' }
        Add-Row "witness/$name" 'the same text' $seen $(if ($changed.Count -eq 0) { 'passed' } else { 'FAILED' })
    }
    foreach ($file in Get-ChildItem -LiteralPath $After -Filter '*.txt') {
        $old = Join-Path $Before $file.Name
        foreach ($word in $words) {
            $now = @(Select-String -LiteralPath $file.FullName -Pattern $word -SimpleMatch)
            $was = @(if (Test-Path -LiteralPath $old) { Select-String -LiteralPath $old -Pattern $word -SimpleMatch })
            if ($now.Count -gt $was.Count) {
                Add-Row "witness/$($file.BaseName)/$word" 'not named' $now[0].Line.Trim() 'FAILED'
            }
        }
    }
    Add-Row 'witness/control' 'what setup makes was seen by them' `
        "$($Sids.Count) SIDs of accounts" $(if ($Sids.Count -ge 2) { 'passed' } else { 'not measured' })
}

# --- the parts ---------------------------------------------------------------

function Invoke-Before {
    Invoke-Group @('filter')
    Save-Witness (Join-Path $Out 'before')
    $log = Join-Path $Out 'setup.txt'
    $code = Invoke-Program $log $sandbook @('setup', '--yes', '--user', $Person)
    Add-Row 'setup' 'exit code 0' "exit code $code" $(if ($code -eq 0) { 'passed' } else { 'FAILED' })
    Save-Witness (Join-Path $Out 'during')
    $sids = @(Get-LocalUser | Where-Object { $_.Name -like 'Sandbook*' } | ForEach-Object { "$($_.SID)" }) +
        @(Get-LocalGroup | Where-Object { $_.Name -like 'Sandbook*' } | ForEach-Object { "$($_.SID)" })
    $sids | Out-File (Join-Path $Out 'sids.txt') -Encoding utf8
    # Two searches for the same thing: the witnesses can see it at all.
    foreach ($name in 'local-users', 'members', 'rights', 'special-accounts', 'wfp-filters') {
        $file = Join-Path $Out "during\$name.txt"
        $seen = $false
        foreach ($word in @('sandbook') + $sids) {
            if ((Test-Path -LiteralPath $file) -and (Select-String -LiteralPath $file -Pattern $word -SimpleMatch -Quiet)) { $seen = $true }
        }
        Add-Row "witness/during/$name" 'names what setup made' $seen $(if ($seen) { 'passed' } else { 'FAILED' })
    }
}

function Invoke-After {
    $log = Join-Path $Out 'uninstall.txt'
    $code = Invoke-Program $log $sandbook @('uninstall', '--yes', '--certificate', (Join-Path $Out 'certificate.json'))
    Add-Row 'uninstall' 'exit code 0' "exit code $code" $(if ($code -eq 0) { 'passed' } else { 'FAILED' })
    $again = Invoke-Program (Join-Path $Out 'uninstall-again.txt') $sandbook @('uninstall', '--yes')
    Add-Row 'uninstall once more' 'exit code 0' "exit code $again" $(if ($again -eq 0) { 'passed' } else { 'FAILED' })
    Save-Witness (Join-Path $Out 'after')
    $sids = @(Get-Content -LiteralPath (Join-Path $Out 'sids.txt') | Where-Object { $_ })
    Compare-Witness (Join-Path $Out 'before') (Join-Path $Out 'after') $sids
}

# Here where we are elevated, else in a window of an administrator's.
function Invoke-Elevated($Name) {
    if (Test-Elevated) {
        try { & "Invoke-$Name" } catch { Add-Row "part/$Name" 'runs to its end' "$_" 'FAILED' }
        return
    }
    $self = $script:MyInvocation.MyCommand.Path
    $words = '-NoProfile -ExecutionPolicy Bypass -File "{0}" -Bin "{1}" -Out "{2}" -Part {3} -Person "{4}"' -f
        $self, $Bin, $Out, $Name, $Person
    try {
        $process = Start-Process powershell.exe -Verb RunAs -Wait -PassThru -ArgumentList $words
        if ($process.ExitCode -ne 0) {
            Add-Row "part/$Name" 'runs to its end' "exit code $($process.ExitCode)" 'FAILED'
        }
    } catch {
        Add-Row "part/$Name" 'an administrator' "$_" 'skipped'
    }
}

function Get-System {
    $windows = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $computer = Get-CimInstance Win32_ComputerSystem
    return [ordered]@{
        product = $windows.ProductName
        edition = $windows.EditionID
        build = "$($windows.CurrentBuildNumber).$($windows.UBR)"
        architecture = $env:PROCESSOR_ARCHITECTURE
        in_domain = $computer.PartOfDomain
        elevated = Test-Elevated
        powershell = "$($PSVersionTable.PSVersion)"
        session = [System.Diagnostics.Process]::GetCurrentProcess().SessionId
        sandbook = (Get-FileHash -Algorithm SHA256 -LiteralPath $sandbook -ErrorAction SilentlyContinue | ForEach-Object { $_.Hash })
        time = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    }
}

function Write-Result {
    $all = @(Get-Content -LiteralPath $rows -Encoding UTF8 | Where-Object { $_ } | ForEach-Object { ConvertFrom-Json $_ })
    $counts = [ordered]@{}
    $all | Group-Object verdict | ForEach-Object { $counts[$_.Name] = $_.Count }
    $result = [ordered]@{ suite = 1; system = (Get-System); counts = $counts; rows = $all }
    $text = ConvertTo-Json -Depth 6 -InputObject $result
    [System.IO.File]::WriteAllText((Join-Path $Out 'acceptance.json'), $text, $utf8)
    $all | Format-Table -AutoSize -Wrap verdict, name, seen, expected |
        Out-File (Join-Path $Out 'acceptance.txt') -Encoding utf8 -Width 240
    Get-Content -LiteralPath (Join-Path $Out 'acceptance.txt') | Out-Host
    "Send back: $(Join-Path $Out 'acceptance.json')" | Out-Host
    if ($counts.Contains('FAILED')) { return 1 }
    foreach ($name in $counts.Keys) {
        if ($name -ne 'passed' -and $name -ne 'measured') { return 2 }
    }
    return 0
}

if ($Part -ne 'All') {
    try { & "Invoke-$Part"; exit 0 } catch { Add-Row "part/$Part" 'runs to its end' "$_" 'FAILED'; exit 1 }
}
if (-not (Test-Path -LiteralPath $acceptance)) {
    [Console]::Error.WriteLine("There is no acceptance.exe in '$Bin': name the directory with -Bin.")
    exit 3
}
if (Test-Path -LiteralPath $Out) {
    [Console]::Error.WriteLine("'$Out' is there already: move it away, or name another one with -Out.")
    exit 3
}
$Bin = (Resolve-Path -LiteralPath $Bin).Path
$acceptance = Join-Path $Bin 'acceptance.exe'
$sandbook = Join-Path $Bin 'sandbook.exe'
New-Item -ItemType Directory -Path $Out | Out-Null
$Out = (Resolve-Path -LiteralPath $Out).Path
$rows = Join-Path $Out 'rows.jsonl'

foreach ($group in 'rights', 'questions', 'pipes', 'files', 'processes') { Invoke-Group @($group) }
# Without an account: writes are held, reads and the network are not.
Invoke-Group @('scenarios', $sandbook)
Invoke-Group @('pairs', $sandbook)
if (-not $WithoutSetup) {
    Invoke-Elevated 'Before'
    foreach ($group in 'scenarios', 'pairs', 'network') { Invoke-Group @($group, $sandbook, 'account') }
    Invoke-Elevated 'After'
}
exit (Write-Result)
