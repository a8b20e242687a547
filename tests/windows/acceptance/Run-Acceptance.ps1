<#
.SYNOPSIS
Measures what Sandbook rests on, on a real Windows. See README.md beside this.

.DESCRIPTION
For a machine that may be lost. Started by the person who is to be enrolled, in a
plain PowerShell: seven times an administrator is asked for (UAC). Started
elevated, as on a build machine, all of it runs so. Makes accounts, filters and
rules by 'sandbook setup', a second local user with a random password, a folder
below Program Files, and takes all of it back, whatever fails in between;
-WithoutSetup makes none of these.

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
    # No second local user is made.
    [switch]$WithoutSecondPerson,
    # Of a part that is another process; not for people.
    [ValidateSet('All', 'Before', 'During', 'After', 'TwoSetup', 'TwoReach', 'TwoHold', 'TwoSession', 'TwoUninstall')]
    [string]$Part = 'All'
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

# --- names -------------------------------------------------------------------

$rows = Join-Path $Out 'rows.jsonl'
$installed = Join-Path $env:ProgramFiles 'Sandbook-acceptance'
$shared = Join-Path $env:ProgramData 'sandbook-acceptance-shared'
$secondName = 'sbkacc-two'
$profileName = 'sbkacc-gone'
$taskName = 'sandbook-acceptance-session'
$self = $MyInvocation.MyCommand.Path
$utf8 = New-Object System.Text.UTF8Encoding($false)
# Of setup, our accounts are known by name, before their SIDs are.
$ownNames = 'Sandbook*'

# Minutes: what hangs is ended, said, and the next step begins.
$limits = @{ group = 20; scenarios = 60; network = 40; setup = 15; uninstall = 40; part = 60; short = 3 }

function Get-Tool([string]$Name) {
    # setup believes only a folder that administrators alone write.
    $there = Join-Path $installed $Name
    if (Test-Path -LiteralPath $there) { return $there }
    return (Join-Path $Bin $Name)
}

# --- rows and steps ----------------------------------------------------------

function Add-Row([string]$Name, [string]$Expected, $Seen, [string]$Verdict) {
    $row = [ordered]@{ name = $Name; expected = $Expected; seen = "$Seen"; verdict = $Verdict }
    $line = (ConvertTo-Json -Compress -InputObject $row) + "`n"
    [System.IO.File]::AppendAllText($rows, $line, $utf8)
    $text = '{0,-19} {1}: {2}' -f $Verdict, $Name, $Seen
    Write-Host $text
}

function Add-Check([string]$Name, [string]$Expected, $Seen, [bool]$Holds) {
    $verdict = 'FAILED'
    if ($Holds) { $verdict = 'passed' }
    Add-Row $Name $Expected $Seen $verdict
}

# Whatever goes wrong in it is a row, and the next step begins. Its own names are
# seen by the block, and so are none that blocks use.
function Invoke-Step([string]$StepName, [scriptblock]$StepBody) {
    Write-Host "--- $StepName"
    try {
        & $StepBody
    } catch {
        Add-Row "step/$StepName" 'runs to its end' "$_ ($($_.InvocationInfo.ScriptLineNumber))" 'FAILED'
    }
}

# A process and what it started. By cmd.exe: what a program says on its error
# stream would else be an exception of ours.
function Stop-Tree([int]$Id) {
    & cmd.exe /c "taskkill /T /F /PID $Id >nul 2>nul"
}

# A command line by CommandLineToArgvW's rules.
function Join-Words([string[]]$Words) {
    $quoted = foreach ($word in $Words) {
        if ($word -match '^[^\s"]+$') {
            $word
        } else {
            $inner = $word -replace '(\\*)"', '$1$1\"'
            $inner = $inner -replace '(\\+)$', '$1$1'
            '"' + $inner + '"'
        }
    }
    return ($quoted -join ' ')
}

# A program's output in a file; its exit code; -1 where it did not start, -2
# where its time was over: then it is ended with what it started.
function Invoke-Program([string]$File, [string]$Program, [string[]]$Words, [double]$Minutes) {
    $errors = "$File.err"
    try {
        $options = @{ FilePath = $Program; PassThru = $true; NoNewWindow = $true
            RedirectStandardOutput = $File; RedirectStandardError = $errors }
        if ($Words -and $Words.Count -gt 0) { $options.ArgumentList = (Join-Words $Words) }
        $process = Start-Process @options
        # Else the exit code is not kept.
        $null = $process.Handle
        $code = -2
        if ($process.WaitForExit([int]($Minutes * 60000))) {
            $process.WaitForExit()
            $code = $process.ExitCode
        } else {
            Stop-Tree $process.Id
        }
    } catch {
        [System.IO.File]::AppendAllText($errors, "$_", $utf8)
        $code = -1
    }
    if (Test-Path -LiteralPath $errors) {
        $said = Get-Content -LiteralPath $errors -ErrorAction SilentlyContinue
        if ($said) { Add-Content -LiteralPath $File -Value $said -ErrorAction SilentlyContinue }
        Remove-Item -LiteralPath $errors -Force -ErrorAction SilentlyContinue
    }
    return $code
}

function Get-LogName([string]$Name) {
    $plain = ($Name -replace '[^A-Za-z0-9-]', '-')
    return (Join-Path $Out "log-$plain-$(Get-Random -Maximum 99999).txt")
}

function Get-FirstLine([string]$File) {
    $said = @(Get-Content -LiteralPath $File -ErrorAction SilentlyContinue | Where-Object { $_ -and $_.Trim() })
    if ($said.Count -eq 0) { return 'no word' }
    $last = $said[$said.Count - 1]
    if ($last.Length -gt 400) { $last = $last.Substring(0, 400) }
    return $last
}

function Invoke-Group([string[]]$Group, [double]$Minutes) {
    $name = $Group[0]
    if ($Group.Count -gt 2) { $name = "$name-account" }
    $log = Get-LogName $name
    $code = Invoke-Program $log (Get-Tool 'acceptance.exe') (@('--out', $rows) + $Group) $Minutes
    if ($code -lt 0 -or $code -gt 2) {
        Add-Row "group/$name" 'runs to its end' "code $code ($(Split-Path -Leaf $log)): $(Get-FirstLine $log)" 'FAILED'
    }
}

# sandbook with these words; the exit code is a row of this name.
function Invoke-Sandbook([string]$Name, [string[]]$Words, [int[]]$Expected, [double]$Minutes) {
    $log = Get-LogName $Name
    $code = Invoke-Program $log (Get-Tool 'sandbook.exe') $Words $Minutes
    $seen = "exit code ${code}: $(Get-FirstLine $log)"
    if ($Expected -and $Expected.Count -gt 0) {
        $wanted = 'exit code ' + ($Expected -join ' or ')
        Add-Check $Name $wanted $seen ($Expected -contains $code)
    } else {
        Add-Row $Name 'open' $seen 'measured'
    }
    $script:lastLog = $log
    $script:lastCode = $code
}

function Test-Elevated {
    $me = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($me)
    return $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Get-OwnSid {
    return [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
}

# This script again, as an administrator: here where we are one.
function Invoke-Elevated([string]$Name) {
    if (Test-Elevated) {
        Invoke-Step "part $Name" { & "Invoke-$Name" }
        return
    }
    $done = Join-Path $Out "part-$Name.done"
    $words = Join-Words @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', $self, '-Bin', $Bin, '-Out', $Out, '-Part', $Name)
    if ($WithoutSecondPerson) { $words = "$words -WithoutSecondPerson" }
    try {
        $process = Start-Process powershell.exe -Verb RunAs -PassThru -ArgumentList $words
    } catch {
        Add-Row "part/$Name" 'an administrator' "$_" 'skipped'
        return
    }
    $null = $process.WaitForExit([int]($limits.part * 60000))
    if (-not (Test-Path -LiteralPath $done)) {
        Add-Row "part/$Name" 'runs to its end' "it did not; its window may still be there" 'FAILED'
    }
}

# --- witnesses: what Windows' own tools say ----------------------------------

# The same lines in the same order afterwards.
$exact = @('net-user', 'net-localgroup', 'local-users', 'members', 'rights', 'special-accounts',
    'icacls', 'sddl', 'whoami-priv', 'folders', 'profiles', 'default-profile', 'tasks')
# These change by themselves: rules of applications, filters of services. What
# changed is told; what names us is a failure.
$loose = @('firewall', 'wfp-filters', 'wfp-state', 'services')

function Save-Text([string]$TextFile, [scriptblock]$TextBody) {
    try {
        $saved = @(& $TextBody)
    } catch {
        $saved = @("not said: $_")
    }
    $saved | Out-File -FilePath $TextFile -Encoding utf8 -Width 4000
}

# Names, sizes, attributes and contents; times are the system's.
function Get-TreeText([string]$Path) {
    $all = @(Get-ChildItem -LiteralPath $Path -Recurse -Force -ErrorAction SilentlyContinue | Sort-Object FullName)
    foreach ($item in $all) {
        $hash = '-'
        $size = '-'
        if (-not $item.PSIsContainer) {
            $size = $item.Length
            $hash = 'unreadable'
            $found = Get-FileHash -Algorithm SHA256 -LiteralPath $item.FullName -ErrorAction SilentlyContinue
            if ($found) { $hash = $found.Hash }
        }
        "$($item.FullName) $($item.Attributes) $size $hash"
    }
}

function Save-Accounts([string]$Folder) {
    Save-Text (Join-Path $Folder 'local-users.txt') {
        foreach ($user in (Get-LocalUser | Sort-Object Name)) {
            "$($user.Name) $($user.SID) $($user.Enabled) $($user.Description)"
        }
    }
    Save-Text (Join-Path $Folder 'members.txt') {
        foreach ($group in (Get-LocalGroup | Sort-Object Name)) {
            "$($group.Name) $($group.SID) $($group.Description)"
            try {
                foreach ($member in (Get-LocalGroupMember $group | Sort-Object SID)) { "  $($member.SID) $($member.Name)" }
            } catch {
                "  members: not listed"
            }
        }
    }
    [void](Invoke-Program (Join-Path $Folder 'net-user.txt') 'net.exe' @('user') $limits.short)
    [void](Invoke-Program (Join-Path $Folder 'net-localgroup.txt') 'net.exe' @('localgroup') $limits.short)
    [void](Invoke-Program (Join-Path $Folder 'whoami-priv.txt') 'whoami.exe' @('/priv') $limits.short)
    $log = Join-Path $Folder 'secedit-log.log'
    [void](Invoke-Program $log 'secedit.exe' @('/export', '/areas', 'USER_RIGHTS', '/cfg', (Join-Path $Folder 'rights.txt')) $limits.short)
}

function Save-Network([string]$Folder) {
    Save-Text (Join-Path $Folder 'firewall.txt') {
        foreach ($rule in (Get-NetFirewallRule | Sort-Object Name)) {
            "$($rule.Name) | $($rule.DisplayName) | $($rule.Group) | $($rule.Enabled) | $($rule.Direction) | $($rule.Action)"
        }
    }
    foreach ($what in 'filters', 'state') {
        $file = Join-Path $Folder "wfp-$what.txt"
        [void](Invoke-Program (Join-Path $Folder "wfp-$what.log") 'netsh.exe' @('wfp', 'show', $what, "file=$file") $limits.short)
    }
}

function Save-Places([string]$Folder) {
    $list = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    Save-Text (Join-Path $Folder 'profiles.txt') {
        # Not the times of loading, which each logon writes.
        foreach ($key in (Get-ChildItem $list | Sort-Object Name)) {
            $path = $key.GetValue('ProfileImagePath')
            $guid = $key.GetValue('Guid')
            "$($key.PSChildName) '$path' '$guid'"
        }
    }
    [void](Invoke-Program (Join-Path $Folder 'special-accounts.txt') 'reg.exe' @('query', 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts', '/s') $limits.short)
    $person = [Environment]::GetFolderPath('UserProfile')
    $listed = @("$env:SystemDrive\", "$env:SystemDrive\Users", $person, "$person\Documents", "$person\AppData",
        "$person\AppData\Local", "$person\AppData\Local\Temp", $env:ProgramData, $env:ProgramFiles, $env:SystemRoot)
    Save-Text (Join-Path $Folder 'icacls.txt') {
        foreach ($path in $listed) { & icacls.exe $path | Where-Object { $_ } }
    }
    Save-Text (Join-Path $Folder 'sddl.txt') {
        foreach ($path in $listed) { "$path $((Get-Acl -LiteralPath $path).Sddl)" }
    }
    Save-Text (Join-Path $Folder 'folders.txt') {
        foreach ($path in @("$env:SystemDrive\Users", $env:ProgramData, $env:ProgramFiles)) {
            foreach ($item in (Get-ChildItem -Force -LiteralPath $path | Sort-Object Name)) { $item.FullName }
        }
    }
    Save-Text (Join-Path $Folder 'default-profile.txt') { Get-TreeText "$env:SystemDrive\Users\Default" }
    Save-Text (Join-Path $Folder 'tasks.txt') {
        foreach ($task in (Get-ScheduledTask -TaskPath '\' -ErrorAction SilentlyContinue | Sort-Object TaskName)) { $task.TaskName }
        'end'
    }
    Save-Text (Join-Path $Folder 'services.txt') {
        foreach ($service in (Get-Service | Sort-Object Name)) { $service.Name }
    }
}

function Save-Witness([string]$Name) {
    $folder = Join-Path $Out $Name
    New-Item -ItemType Directory -Force -Path $folder | Out-Null
    Invoke-Step "witness $Name, accounts" { Save-Accounts $folder }
    Invoke-Step "witness $Name, network" { Save-Network $folder }
    Invoke-Step "witness $Name, places" { Save-Places $folder }
}

function Get-Lines([string]$Folder, [string]$Name) {
    $file = Join-Path (Join-Path $Out $Folder) "$Name.txt"
    return @(Get-Content -LiteralPath $file -ErrorAction SilentlyContinue)
}

function Get-Difference($Old, $New) {
    $changed = @(Compare-Object -ReferenceObject $Old -DifferenceObject $New -SyncWindow 0)
    if ($changed.Count -gt 0) { $changed = @(Compare-Object -ReferenceObject $Old -DifferenceObject $New) }
    return @($changed | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" })
}

function Compare-One([string]$Name, [bool]$IsExact) {
    $old = @(Get-Lines 'before' $Name)
    $new = @(Get-Lines 'after' $Name)
    if ($old.Count -eq 0 -or $new.Count -eq 0) {
        Add-Row "witness/$Name" 'the same text' 'it said nothing' 'not measured'
        return
    }
    $same = ($old -join "`n") -ceq ($new -join "`n")
    if ($same) {
        Add-Row "witness/$Name" 'the same text' "the same, $($old.Count) lines" 'passed'
        return
    }
    $changed = @(Get-Difference $old $new)
    $seen = "$($changed.Count) lines: " + (($changed | Select-Object -First 4) -join '; ')
    if ($seen.Length -gt 1500) { $seen = $seen.Substring(0, 1500) }
    if ($IsExact) { Add-Row "witness/$Name" 'the same text' $seen 'FAILED' } else { Add-Row "witness/$Name" 'changes by itself' $seen 'measured' }
}

# No word of ours: names, the families of SIDs, and the SIDs that there were.
function Search-Words([string[]]$Sids) {
    $words = @('sandbook', '53424B0001', '53424B0002', $secondName, $profileName) + $Sids
    foreach ($name in ($exact + $loose)) {
        $before = @(Get-Lines 'before' $name) -join "`n"
        $after = @(Get-Lines 'after' $name)
        foreach ($word in $words) {
            $now = @($after | Select-String -Pattern $word -SimpleMatch)
            $was = ([regex]::Matches($before, [regex]::Escape($word), 'IgnoreCase')).Count
            if ($now.Count -gt $was) {
                Add-Row "witness/$name/$word" 'not named' $now[0].Line.Trim() 'FAILED'
            }
        }
    }
}

function Compare-Witness([string[]]$Sids) {
    foreach ($name in $exact) { Compare-One $name $true }
    foreach ($name in $loose) { Compare-One $name $false }
    Search-Words $Sids
    $counted = "$($Sids.Count) SIDs of ours"
    if ($Sids.Count -ge 3) { Add-Row 'witness/control' 'what setup made was seen by them' $counted 'passed' } else { Add-Row 'witness/control' 'what setup made was seen by them' $counted 'not measured' }
}

# --- the administrator's parts -----------------------------------------------

function New-Password {
    $bytes = New-Object byte[] 24
    $generator = [System.Security.Cryptography.RandomNumberGenerator]::Create()
    $generator.GetBytes($bytes)
    return ('aA1-' + [Convert]::ToBase64String($bytes))
}

function New-TestUser([string]$Name, [bool]$IsAdministrator) {
    $password = New-Password
    $secure = ConvertTo-SecureString $password -AsPlainText -Force
    New-LocalUser -Name $Name -Password $secure -Description 'of the acceptance suite; may go' | Out-Null
    $group = 'S-1-5-32-545'
    Add-LocalGroupMember -SID $group -Member $Name
    if ($IsAdministrator) { Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $Name }
    return $password
}

function Remove-TestUser([string]$Name) {
    $user = Get-LocalUser -Name $Name -ErrorAction SilentlyContinue
    if (-not $user) { return }
    $sid = "$($user.SID)"
    # Loaded for a while after its last process.
    for ($try = 0; $try -lt 15; $try++) {
        $profiles = @(Get-CimInstance Win32_UserProfile -ErrorAction SilentlyContinue | Where-Object { $_.SID -eq $sid })
        if ($profiles.Count -eq 0) { break }
        foreach ($one in $profiles) { Remove-CimInstance -InputObject $one -ErrorAction SilentlyContinue }
        Start-Sleep -Seconds 2
    }
    Remove-LocalUser -Name $Name
}

function Install-Program {
    New-Item -ItemType Directory -Force -Path $installed | Out-Null
    Copy-Item -Path (Join-Path $Bin '*.exe') -Destination $installed -Force
    if (Test-Path -LiteralPath (Join-Path $Bin 'refuse')) {
        Copy-Item -Recurse -Force -Path (Join-Path $Bin 'refuse') -Destination $installed
    }
    Copy-Item -LiteralPath $self -Destination $installed -Force
}

function New-Shared {
    New-Item -ItemType Directory -Force -Path $shared | Out-Null
    & icacls.exe $shared /grant '*S-1-5-32-545:(OI)(CI)M' | Out-Null
}

function Invoke-Before {
    foreach ($group in 'filter', 'rights', 'questions', 'accounts') {
        Invoke-Step "group $group, elevated" { Invoke-Group @($group) $limits.group }
    }
    Save-Witness 'before'
    Invoke-Step 'program' { Install-Program }
    Invoke-Step 'shared folder' { New-Shared }
    Invoke-Step 'profiles' {
        [void](New-TestUser $profileName $false)
        Invoke-Group @('profile', $profileName) $limits.short
    }
    Invoke-Step 'profiles, away' { Remove-TestUser $profileName }
    if (-not $WithoutSecondPerson) {
        Invoke-Step 'second person' {
            $password = New-TestUser $secondName $true
            # For whoever runs this and for administrators; it goes with the user.
            [System.IO.File]::WriteAllText((Join-Path $Out 'second.secret'), $password, $utf8)
        }
    }
}

function Save-Sids {
    $sids = @(Get-LocalUser | Where-Object { $_.Name -like $ownNames } | ForEach-Object { "$($_.SID)" })
    $sids += @(Get-LocalGroup | Where-Object { $_.Name -like $ownNames } | ForEach-Object { "$($_.SID)" })
    $sids | Out-File (Join-Path $Out 'sids.txt') -Encoding utf8
    return $sids
}

# The witnesses can see what setup made: without it, "not named" says nothing.
function Test-Seen([string[]]$Sids) {
    foreach ($name in 'local-users', 'members', 'rights', 'special-accounts', 'firewall', 'wfp-filters', 'profiles', 'folders') {
        $lines = @(Get-Lines 'during' $name)
        $seen = @(foreach ($word in (@('sandbook') + $Sids)) {
            if ($lines | Select-String -Pattern $word -SimpleMatch -Quiet) { $word }
        })
        Add-Check "witness/during/$name" 'names what setup made' ($seen -join ' ') ($seen.Count -gt 0)
    }
}

# What the system keeps of a rule by user: audit reads it, and no page says it.
function Save-RuleText {
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
    $values = (Get-Item $key)
    foreach ($name in $values.GetValueNames()) {
        $text = "$($values.GetValue($name))"
        if ($text -like '*LUAuth*' -and $text -like '*Sandbook*') { Add-Row 'setup/a rule as the registry has it' 'LUAuth= and a SID' $text 'measured' }
    }
}

function Test-Accounts {
    $ours = @(Get-LocalUser | Where-Object { $_.Name -like $ownNames })
    foreach ($user in $ours) {
        $text = "enabled $($user.Enabled), password may be changed $($user.UserMayChangePassword), expires '$($user.PasswordExpires)'"
        Add-Check "setup/account $($user.Name)" 'enabled, its password expires never' $text ($user.Enabled -and -not $user.PasswordExpires)
        $profile_ = Join-Path "$env:SystemDrive\Users" $user.Name
        Add-Check "setup/profile $($user.Name)" 'a folder' $profile_ (Test-Path -LiteralPath $profile_)
    }
    Add-Check 'setup/accounts' 'at least two' "$($ours.Count)" ($ours.Count -ge 2)
}

# As the second person in session 0: a task's logon, and runs from there.
function Invoke-SessionZero {
    $password = [System.IO.File]::ReadAllText((Join-Path $Out 'second.secret'))
    $words = Join-Words @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', (Join-Path $installed 'Run-Acceptance.ps1'), '-Bin', $installed, '-Out', $shared, '-Part', 'TwoSession')
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $words -WorkingDirectory "$env:SystemDrive\"
    try {
        Register-ScheduledTask -TaskName $taskName -Action $action -User "$env:COMPUTERNAME\$secondName" -Password $password -Force | Out-Null
        Start-ScheduledTask -TaskName $taskName
        $done = Join-Path $shared 'part-TwoSession.done'
        $until = (Get-Date).AddMinutes($limits.group)
        while ((Get-Date) -lt $until -and -not (Test-Path -LiteralPath $done)) { Start-Sleep -Seconds 1 }
        Add-Check 'session/0' 'the group runs to its end' (Test-Path -LiteralPath $done) (Test-Path -LiteralPath $done)
    } finally {
        Stop-ScheduledTask -TaskName $taskName -ErrorAction SilentlyContinue
        Unregister-ScheduledTask -TaskName $taskName -Confirm:$false -ErrorAction SilentlyContinue
    }
}

function Invoke-During {
    $sids = @(Save-Sids)
    Save-Witness 'during'
    Invoke-Step 'what was made' {
        Test-Seen $sids
        Test-Accounts
        Save-RuleText
    }
    Invoke-Sandbook 'audit/drift of the machine, after setup' @('audit', 'drift', '--machine') @(0) $limits.group
    Invoke-Sandbook 'status, an administrator''s' @('status') @(0) $limits.short
    Invoke-Sandbook 'audit/residue of the machine, after setup' @('audit', 'residue') @(0, 1) $limits.uninstall
    Invoke-Sandbook 'audit/network, by an administrator' @('audit', 'network') @(0, 2) $limits.group
    Invoke-Sandbook 'audit/scope of Program Files' @('audit', 'scope', $installed) @() $limits.group
    Invoke-Sandbook 'journal verify --machine' @('journal', 'verify', '--machine') @(0) $limits.group
    # What an administrator may not get: a person's password.
    if (-not $WithoutSecondPerson) { Invoke-Step 'session 0' { Invoke-SessionZero } }
}

# What is still here, and the words that take it away.
function Search-Left {
    $left = @()
    foreach ($user in @(Get-LocalUser | Where-Object { $_.Name -like $ownNames -or $_.Name -like 'sbkacc-*' })) {
        $left += "account $($user.Name): net user $($user.Name) /delete"
    }
    foreach ($group in @(Get-LocalGroup | Where-Object { $_.Name -like $ownNames })) {
        $left += "group $($group.Name): net localgroup `"$($group.Name)`" /delete"
    }
    foreach ($rule in @(Get-NetFirewallRule | Where-Object { "$($_.Group)" -like $ownNames -or "$($_.DisplayName)" -like $ownNames })) {
        $left += "firewall rule: Remove-NetFirewallRule -Name '$($rule.Name)'"
    }
    foreach ($folder in @($installed, $shared, (Join-Path $env:ProgramData 'Sandbook'))) {
        if (Test-Path -LiteralPath $folder) { $left += "folder: rmdir /s `"$folder`"" }
    }
    foreach ($name in @(Get-ChildItem "$env:SystemDrive\Users" -Directory -Force | Where-Object { $_.Name -like $ownNames -or $_.Name -like 'sbkacc-*' })) {
        $left += "profile folder: $($name.FullName), by System, Advanced, User Profiles"
    }
    if (@(Get-Lines 'after' 'wfp-filters' | Select-String -Pattern 'sandbook' -SimpleMatch).Count -gt 0) {
        $left += 'filters: sandbook-setup uninstall, or audit network, names them; they are gone with the provider'
    }
    if (Get-ScheduledTask -TaskName $taskName -ErrorAction SilentlyContinue) {
        $left += "task: schtasks /delete /tn $taskName /f"
    }
    foreach ($one in $left) { Add-Row "left/$(($one -split ':')[0])" 'nothing' $one 'FAILED' }
    if ($left.Count -eq 0) { Add-Row 'left' 'nothing' 'nothing' 'passed' }
    $left | Out-File (Join-Path $Out 'left.txt') -Encoding utf8
}

# A second try, as an administrator: the person's own may not have come to it.
function Repair-Machine {
    if (@(Get-LocalUser | Where-Object { $_.Name -like $ownNames }).Count -eq 0 -and -not (Test-Path -LiteralPath (Join-Path $env:ProgramData 'Sandbook'))) { return }
    $log = Get-LogName 'uninstall-again'
    $words = @('uninstall', '--yes', '--certificate', (Join-Path $Out 'certificate-again.json'), '--leave', $env:USERNAME, '--leave', $secondName)
    $code = Invoke-Program $log (Get-Tool 'sandbook-setup.exe') $words $limits.uninstall
    Add-Row 'uninstall/by an administrator, once more' 'not needed' "exit code ${code}: $(Get-FirstLine $log)" 'FAILED'
}

function Invoke-After {
    Invoke-Step 'second try' { Repair-Machine }
    Invoke-Step 'certificate' {
        $certificate = Join-Path $Out 'certificate.json'
        if (Test-Path -LiteralPath $certificate) {
            Invoke-Sandbook 'verify-certificate' @('verify-certificate', $certificate) @(0) $limits.short
            Invoke-Sandbook 'audit/residue by the certificate' @('audit', 'residue', '--certificate', $certificate) @(0) $limits.uninstall
        } else {
            Add-Row 'verify-certificate' 'a certificate' 'there is none' 'FAILED'
        }
    }
    Invoke-Step 'second person, away' { Remove-TestUser $secondName }
    Invoke-Step 'profile user, away' { Remove-TestUser $profileName }
    Invoke-Step 'shared folder, away' {
        foreach ($file in @(Get-ChildItem -LiteralPath $shared -Filter 'log-*' -ErrorAction SilentlyContinue)) {
            Copy-Item -LiteralPath $file.FullName -Destination $Out -ErrorAction SilentlyContinue
        }
        Remove-Item -LiteralPath $shared -Recurse -Force -ErrorAction SilentlyContinue
    }
    Invoke-Step 'program, away' { Remove-Item -LiteralPath $installed -Recurse -Force -ErrorAction SilentlyContinue }
    Save-Witness 'after'
    Invoke-Step 'comparison' {
        $sids = @(Get-Content -LiteralPath (Join-Path $Out 'sids.txt') -ErrorAction SilentlyContinue | Where-Object { $_ })
        Compare-Witness $sids
    }
    Invoke-Step 'what is left' { Search-Left }
}

# --- the second person -------------------------------------------------------

# This script again, as that person; the process, not awaited.
function Start-Second([string]$Name) {
    $text = [System.IO.File]::ReadAllText((Join-Path $Out 'second.secret'))
    $secure = ConvertTo-SecureString $text -AsPlainText -Force
    $credential = New-Object System.Management.Automation.PSCredential("$env:COMPUTERNAME\$secondName", $secure)
    $words = Join-Words @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', (Join-Path $installed 'Run-Acceptance.ps1'), '-Bin', $installed, '-Out', $shared, '-Part', $Name)
    $options = @{ FilePath = 'powershell.exe'; ArgumentList = $words; Credential = $credential
        LoadUserProfile = $true; WorkingDirectory = "$env:SystemDrive\"; PassThru = $true; WindowStyle = 'Hidden' }
    $process = Start-Process @options
    return $process
}

function Wait-Second($Process, [string]$Name, [double]$Minutes) {
    $done = Join-Path $shared "part-$Name.done"
    $until = (Get-Date).AddMinutes($Minutes)
    while ((Get-Date) -lt $until -and -not (Test-Path -LiteralPath $done) -and -not $Process.HasExited) { Start-Sleep -Milliseconds 500 }
    Add-Check "second/$Name" 'runs to its end' (Test-Path -LiteralPath $done) (Test-Path -LiteralPath $done)
}

function Invoke-Second([string]$Name, [double]$Minutes) {
    $process = Start-Second $Name
    Wait-Second $process $Name $Minutes
}

# What runs as that person. Rows go to a file of the shared folder.
function Invoke-TwoSetup { Invoke-Sandbook 'second/setup' @('setup', '--yes') @(0) $limits.setup }
function Invoke-TwoReach { Invoke-Group @('persons', (Get-Tool 'sandbook.exe'), 'account', (Join-Path $shared 'one.facts')) $limits.group }
function Invoke-TwoHold { Invoke-Group @('hold-for', (Get-Tool 'sandbook.exe'), 'account', (Join-Path $shared 'two.facts')) $limits.group }
function Invoke-TwoSession { Invoke-Group @('session', (Get-Tool 'sandbook.exe'), 'account') $limits.group }
function Invoke-TwoUninstall { Invoke-Sandbook 'second/uninstall --user-only' @('uninstall', '--user-only', '--yes') @(0) $limits.setup }

# Each in turn holds a run, and the other reaches for all of it.
function Invoke-Persons {
    $facts = Join-Path $shared 'one.facts'
    $words = Join-Words @('--out', $rows, 'hold-for', (Get-Tool 'sandbook.exe'), 'account', $facts)
    $holder = Start-Process -FilePath (Get-Tool 'acceptance.exe') -ArgumentList $words -PassThru -NoNewWindow -RedirectStandardOutput (Get-LogName 'hold-for')
    try {
        Invoke-Second 'TwoReach' $limits.group
    } finally {
        Set-Content -LiteralPath "$facts.stop" -Value 'stop'
        if (-not $holder.WaitForExit(60000)) { Stop-Tree $holder.Id }
    }
    $facts = Join-Path $shared 'two.facts'
    $second = Start-Second 'TwoHold'
    try {
        Invoke-Group @('persons', (Get-Tool 'sandbook.exe'), 'account', $facts) $limits.group
    } finally {
        Set-Content -LiteralPath "$facts.stop" -Value 'stop'
        Wait-Second $second 'TwoHold' $limits.short
    }
}

function Merge-Second {
    $theirs = Join-Path $shared 'rows.jsonl'
    if (-not (Test-Path -LiteralPath $theirs)) { return }
    foreach ($line in @(Get-Content -LiteralPath $theirs -Encoding UTF8 | Where-Object { $_ })) {
        $row = ConvertFrom-Json $line
        Add-Row "two: $($row.name)" $row.expected $row.seen $row.verdict
    }
    Move-Item -LiteralPath $theirs -Destination "$theirs.taken" -Force -ErrorAction SilentlyContinue
}

# --- the person's own life cycle ---------------------------------------------

$life = Join-Path ([Environment]::GetFolderPath('UserProfile')) 'sandbook-acceptance-life'

function Get-Lists([string]$Path) {
    $file = Join-Path $Out "lists-$(Get-Random).txt"
    & icacls.exe $Path /save $file /t /c | Out-Null
    $text = [System.IO.File]::ReadAllText($file)
    Remove-Item -LiteralPath $file
    return $text
}

function Get-OwnerSid([string]$Path) {
    $acl = Get-Acl -LiteralPath $Path
    return $acl.GetOwner([Security.Principal.SecurityIdentifier]).Value
}

function New-Life {
    New-Item -ItemType Directory -Force -Path $life, "$life\sub", "$life\.git" | Out-Null
    foreach ($file in 'a.txt', 'sub\b.txt', '.git\config') { Set-Content -LiteralPath (Join-Path $life $file) -Value 'x' }
}

# A grant and its undo: each object's list as icacls has it, byte for byte.
function Test-GrantAndUndo {
    $before = Get-Lists $life
    Invoke-Sandbook 'life/grant --to runs' @('grant', '--to', 'runs', '--rw', $life) @(0) $limits.short
    $during = Get-Lists $life
    Add-Check 'life/the grant is there' 'another text that names the root''s SID' ($during.Length - $before.Length) ($during -cne $before -and $during -match '53424b0001')
    Invoke-Sandbook 'life/undo' @('undo', '--path', $life) @(0) $limits.short
    $after = Get-Lists $life
    Add-Check 'life/undo gives each list back' 'the same text' "$($after.Length) characters, $($before.Length) before" ($after -ceq $before)
}

function Test-RunMakesFiles {
    $command = 'echo x> made.txt & mkdir d & echo y> d\e.txt'
    Invoke-Sandbook 'life/run --account makes files' @('run', '--account', '--grant', 'acl', '-C', $life, '--', 'cmd.exe', '/c', $command) @(0) $limits.short
    $mine = Get-OwnSid
    foreach ($name in 'made.txt', 'd', 'd\e.txt') {
        $path = Join-Path $life $name
        $owner = 'not there'
        if (Test-Path -LiteralPath $path) { $owner = Get-OwnerSid $path }
        Add-Check "life/owner of $name" $mine $owner ($owner -eq $mine)
    }
}

# The front end is killed: nothing of the run lives on, and what it made is the
# account's until somebody asks.
function Test-HandBack {
    $left = Join-Path $life 'left.txt'
    $words = Join-Words @('run', '-q', '--account', '--grant', 'acl', '-C', $life, '--', 'cmd.exe', '/c', 'echo x> left.txt & ping -n 120 127.0.0.1')
    $front = Start-Process -FilePath (Get-Tool 'sandbook.exe') -ArgumentList $words -PassThru -NoNewWindow -RedirectStandardOutput (Get-LogName 'killed')
    $until = (Get-Date).AddMinutes(2)
    while ((Get-Date) -lt $until -and -not (Test-Path -LiteralPath $left)) { Start-Sleep -Milliseconds 200 }
    Stop-Process -Id $front.Id -Force -ErrorAction SilentlyContinue
    Start-Sleep -Seconds 5
    $owner = 'not there'
    if (Test-Path -LiteralPath $left) { $owner = Get-OwnerSid $left }
    $mine = Get-OwnSid
    $alive = @(Get-CimInstance Win32_Process -Filter "Name='ping.exe' or Name='sandbook-runner.exe'")
    Add-Check 'life/a killed front end leaves no process' '0' "$($alive.Count)" ($alive.Count -eq 0)
    if ($owner -eq 'not there' -or $owner -eq $mine) {
        Add-Row 'life/hand-back' 'a file of the account''s' $owner 'not measured'
        return
    }
    Invoke-Sandbook 'life/hand-back' @('hand-back') @(0) $limits.short
    $owner = Get-OwnerSid $left
    Add-Check 'life/owner after hand-back' $mine $owner ($owner -eq $mine)
}

function Test-Git {
    if (-not (Get-Command git.exe -ErrorAction SilentlyContinue)) {
        Add-Row 'life/git' 'git' 'there is none' 'skipped'
        return
    }
    $repository = Join-Path $life 'repository'
    New-Item -ItemType Directory -Force -Path $repository | Out-Null
    Invoke-Sandbook 'life/git init in a run' @('run', '-q', '--account', '--grant', 'acl', '-C', $repository, '--', 'git.exe', 'init') @(0) $limits.short
    $log = Get-LogName 'git-status'
    $code = Invoke-Program $log 'git.exe' @('-C', $repository, 'status') $limits.short
    Add-Check 'life/git status outside' 'exit code 0: no dubious ownership' "exit code ${code}: $(Get-FirstLine $log)" ($code -eq 0)
}

function Test-Costs {
    $times = @(1..5 | ForEach-Object {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        [void](Invoke-Program (Get-LogName 'cost') (Get-Tool 'sandbook.exe') @('run', '-q', '--account', '-C', $life, '--', 'cmd.exe', '/c', 'exit') $limits.short)
        $watch.ElapsedMilliseconds
    })
    Add-Row 'life/what a run costs' 'open' "$($times -join ', ') ms" 'measured'
}

function Test-Audits {
    Invoke-Sandbook 'audit/drift, the person''s' @('audit', 'drift') @(0) $limits.group
    Invoke-Sandbook 'audit/scope of the workspace' @('audit', 'scope', $life) @(0, 1, 2) $limits.group
    Invoke-Sandbook 'audit/network, the person''s' @('audit', 'network') @(0, 2) $limits.group
    Invoke-Sandbook 'audit/ssh, the person''s' @('audit', 'ssh') @() $limits.group
    Invoke-Sandbook 'status, the person''s' @('status') @(0) $limits.short
    Invoke-Sandbook 'run --no-account beside a kept password is refused' @('run', '--no-account', '--best-effort', '-C', $life, '--', 'cmd.exe', '/c', 'exit') (200..208) $limits.short
}

function Invoke-Life {
    Invoke-Step 'workspace' { New-Life }
    Invoke-Step 'grant and undo' { Test-GrantAndUndo }
    Invoke-Step 'run makes files' { Test-RunMakesFiles }
    Invoke-Step 'hand-back' { Test-HandBack }
    Invoke-Step 'git' { Test-Git }
    Invoke-Step 'costs' { Test-Costs }
    Invoke-Step 'audits' { Test-Audits }
    Invoke-Step 'undo of all' {
        Invoke-Sandbook 'life/undo of all' @('undo', '--path', $life) @(0) $limits.short
        $named = Get-Lists $life
        Add-Check 'life/no list names us any more' 'none' ($named -match '53424b0001') ($named -notmatch '53424b0001')
    }
}

function Remove-Life {
    if (-not (Test-Path -LiteralPath $life)) { return }
    Remove-Item -LiteralPath $life -Recurse -Force -ErrorAction SilentlyContinue
    if (Test-Path -LiteralPath $life) { Add-Row 'left/workspace' 'nothing' "rmdir /s `"$life`", as an administrator" 'FAILED' }
}

function Invoke-PersonSetup {
    Invoke-Sandbook 'setup' @('setup', '--yes') @(0) $limits.setup
    return ($script:lastCode -eq 0)
}

# Twice: the second has nothing to do, and says so.
function Invoke-PersonUninstall {
    if (Test-Elevated) {
        Invoke-Sandbook 'uninstall --user-only' @('uninstall', '--user-only', '--yes') @(0) $limits.setup
    }
    Invoke-Sandbook 'uninstall' @('uninstall', '--yes', '--certificate', (Join-Path $Out 'certificate.json')) @(0) $limits.uninstall
    $records = Join-Path $env:LOCALAPPDATA 'Sandbook'
    Add-Check 'uninstall/the person''s records' 'gone' (Test-Path -LiteralPath $records) (-not (Test-Path -LiteralPath $records))
    Invoke-Sandbook 'uninstall once more' @('uninstall', '--user-only', '--yes') @(0) $limits.setup
}

# --- what is sent back -------------------------------------------------------

function Get-System {
    $windows = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $joined = $null
    try { $joined = (Get-CimInstance Win32_ComputerSystem).PartOfDomain } catch { $joined = 'not said' }
    $policies = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' -ErrorAction SilentlyContinue
    $lua = 'not said'
    if ($policies -and $policies.PSObject.Properties['EnableLUA']) { $lua = $policies.EnableLUA }
    $hash = Get-FileHash -Algorithm SHA256 -LiteralPath (Join-Path $Bin 'sandbook.exe') -ErrorAction SilentlyContinue
    $digest = ''
    if ($hash) { $digest = $hash.Hash }
    $revision = ''
    if ($windows.PSObject.Properties['UBR']) { $revision = ".$($windows.UBR)" }
    return [ordered]@{
        product = $windows.ProductName
        edition = $windows.EditionID
        build = "$($windows.CurrentBuildNumber)$revision"
        architecture = $env:PROCESSOR_ARCHITECTURE
        in_domain = $joined
        elevated = Test-Elevated
        consent = $lua
        powershell = "$($PSVersionTable.PSVersion)"
        session = [System.Diagnostics.Process]::GetCurrentProcess().SessionId
        sandbook = $digest
        time = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    }
}

# The ends of what programs said, by the name of their logs.
function Get-Logs {
    $logs = [ordered]@{}
    foreach ($file in @(Get-ChildItem -LiteralPath $Out -Filter 'log-*.txt' | Sort-Object Name)) {
        if ($file.Name -match 'scenarios|rights|questions|pipes|files|processes|network') { continue }
        $text = (@(Get-Content -LiteralPath $file.FullName -Tail 40 -ErrorAction SilentlyContinue) -join "`n")
        if ($text.Length -gt 6000) { $text = $text.Substring($text.Length - 6000) }
        $logs[$file.Name] = $text
    }
    return $logs
}

function Read-Rows {
    $all = @()
    foreach ($line in @(Get-Content -LiteralPath $rows -Encoding UTF8 -ErrorAction SilentlyContinue | Where-Object { $_ })) {
        try { $all += (ConvertFrom-Json $line) } catch { Write-Host "not a row: $line" }
    }
    return $all
}

function Write-Result {
    $all = @(Read-Rows)
    $counts = [ordered]@{}
    foreach ($group in @($all | Group-Object verdict)) { $counts[$group.Name] = $group.Count }
    $result = [ordered]@{ suite = 2; system = (Get-System); counts = $counts; rows = $all; logs = (Get-Logs) }
    $text = ConvertTo-Json -Depth 6 -InputObject $result
    [System.IO.File]::WriteAllText((Join-Path $Out 'acceptance.json'), $text, $utf8)
    $lines = @(foreach ($row in $all) { '{0,-19} {1}: {2} (expected: {3})' -f $row.verdict, $row.name, $row.seen, $row.expected })
    $lines | Out-File (Join-Path $Out 'acceptance.txt') -Encoding utf8 -Width 4000
    Write-Host ''
    Write-Host 'What failed, and what was not seen:'
    foreach ($row in $all) {
        if ($row.verdict -ne 'passed' -and $row.verdict -ne 'measured') { Write-Host ('{0,-19} {1}: {2}' -f $row.verdict, $row.name, $row.seen) }
    }
    foreach ($name in $counts.Keys) { Write-Host "$($counts[$name]) $name" }
    Write-Host "Send back: $(Join-Path $Out 'acceptance.json')"
    if ($counts.Contains('FAILED')) { return 1 }
    foreach ($name in $counts.Keys) {
        if ($name -ne 'passed' -and $name -ne 'measured') { return 2 }
    }
    return 0
}

# --- all of it ---------------------------------------------------------------

# What needs no account, and the unelevated mode, with nothing left behind.
function Invoke-WithoutAccount {
    foreach ($group in 'rights', 'questions', 'pipes', 'files', 'processes', 'accounts') {
        Invoke-Step "group $group" { Invoke-Group @($group) $limits.group }
    }
    $sandbook = Get-Tool 'sandbook.exe'
    foreach ($group in 'scenarios', 'pairs', 'session') {
        Invoke-Step "group $group, without an account" { Invoke-Group @($group, $sandbook) $limits.scenarios }
    }
    Invoke-Sandbook 'without an account/uninstall --user-only' @('uninstall', '--user-only', '--yes') @(0) $limits.setup
}

function Invoke-WithAccount {
    $sandbook = Get-Tool 'sandbook.exe'
    Invoke-Step 'scenarios, with the account' { Invoke-Group @('scenarios', $sandbook, 'account') $limits.scenarios }
    Invoke-Step 'pairs, with the account' { Invoke-Group @('pairs', $sandbook, 'account') $limits.group }
    Invoke-Step 'session, with the account' { Invoke-Group @('session', $sandbook, 'account') $limits.group }
    Invoke-Step 'network, with the account' { Invoke-Group @('network', $sandbook, 'account') $limits.network }
    Invoke-Step 'life' { Invoke-Life }
    if (-not $WithoutSecondPerson) {
        Invoke-Step 'second person is enrolled' { Invoke-Second 'TwoSetup' $limits.setup }
        Invoke-Step 'two persons' { Invoke-Persons }
    }
    Invoke-Elevated 'During'
    if (-not $WithoutSecondPerson) {
        Invoke-Step 'second person leaves' { Invoke-Second 'TwoUninstall' $limits.setup }
        Invoke-Step 'rows of the second person' { Merge-Second }
    }
    # A policy may forbid it, by the passwords' age: then the run is refused, and
    # nothing is withheld.
    Invoke-Step 'passwords withheld' {
        Invoke-Sandbook 'life/run --withhold-passwords' @('run', '--no-account', '--best-effort', '--withhold-passwords', '-C', $life, '--', 'cmd.exe', '/c', 'exit') @() $limits.short
        if ($script:lastCode -eq 0) {
            Invoke-Sandbook 'life/no run with the account then' @('run', '-q', '--account', '-C', $life, '--', 'cmd.exe', '/c', 'exit') (200..208) $limits.short
        }
    }
    Invoke-Step 'passwords anew' {
        Invoke-Sandbook 'setup --upgrade' @('setup', '--upgrade', '--yes') @(0) $limits.setup
        Invoke-Sandbook 'life/a run after it' @('run', '-q', '--account', '-C', $life, '--', 'cmd.exe', '/c', 'exit') @(0) $limits.short
    }
}

function Invoke-All {
    Invoke-WithoutAccount
    if ($WithoutSetup) { return }
    try {
        Invoke-Elevated 'Before'
        Invoke-Step 'setup' { $script:isSetUp = Invoke-PersonSetup }
        if ($script:isSetUp) { Invoke-WithAccount } else { Add-Row 'account' 'setup' 'not set up: all that needs it was not tried' 'skipped' }
    } finally {
        # Also where Ctrl-C or a failure led here.
        Invoke-Step 'uninstall' { Invoke-PersonUninstall }
        Invoke-Step 'workspace, away' { Remove-Life }
        Invoke-Elevated 'After'
        Remove-Item -LiteralPath (Join-Path $Out 'second.secret') -Force -ErrorAction SilentlyContinue
    }
}

$script:isSetUp = $false
$script:lastCode = 0
$script:lastLog = ''

if ($Part -like 'Two*') {
    # By the system, not by the variables of whoever started this.
    $env:USERPROFILE = [Environment]::GetFolderPath('UserProfile')
    $env:LOCALAPPDATA = [Environment]::GetFolderPath('LocalApplicationData')
    $env:APPDATA = [Environment]::GetFolderPath('ApplicationData')
    $env:TEMP = Join-Path $env:LOCALAPPDATA 'Temp'
    $env:TMP = $env:TEMP
    $env:USERNAME = $secondName
}
if ($Part -ne 'All') {
    Invoke-Step "part $Part" { & "Invoke-$Part" }
    [System.IO.File]::WriteAllText((Join-Path $Out "part-$Part.done"), 'done', $utf8)
    exit 0
}
foreach ($name in 'acceptance.exe', 'sandbook.exe', 'sandbook-setup.exe', 'sandbook-runner.exe') {
    if (-not (Test-Path -LiteralPath (Join-Path $Bin $name))) {
        [Console]::Error.WriteLine("There is no $name in '$Bin': name the directory with -Bin.")
        exit 3
    }
}
if (Test-Path -LiteralPath $Out) {
    [Console]::Error.WriteLine("'$Out' is there already: move it away, or name another one with -Out.")
    exit 3
}
if (@(Get-LocalUser | Where-Object { $_.Name -like $ownNames }).Count -gt 0 -or (Test-Path -LiteralPath $installed) -or (Test-Path -LiteralPath $shared)) {
    [Console]::Error.WriteLine("Sandbook, or an earlier run of this, is on the machine: 'sandbook uninstall' first, and see 'By hand' in README.md.")
    exit 3
}
$Bin = (Resolve-Path -LiteralPath $Bin).Path
New-Item -ItemType Directory -Path $Out | Out-Null
$Out = (Resolve-Path -LiteralPath $Out).Path
$rows = Join-Path $Out 'rows.jsonl'

Invoke-All
exit (Write-Result)
