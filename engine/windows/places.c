/*
 * The places of a Windows machine (see the header). Tables and nothing else:
 * each line is a decision. Folders in angle brackets are asked of the system
 * (folders.c), so that they may lie on any drive and have any name.
 *
 * What users may read anyway (Windows, Program Files) is listed as read and
 * needs no grant. Never listed are a profile, the profiles' folder, a drive and
 * the folders of packages.
 */
#include "engine/places.h"

#include <stddef.h>

#include "engine/banned.h"

const struct sbk_readable sbk_system_readable[] = {
	{"<Windows>", "system", false},
	{"<ProgramFiles>", "system: installed programs", false},
	{"<ProgramFilesX86>", "system: installed programs", false},
	{NULL, NULL, false},
};

const char *const sbk_system_patterned = NULL;
const char *const sbk_system_patterns[] = {NULL};

const struct sbk_readable sbk_git_readable[] = {
	{"~/.gitconfig", "git settings", false},
	{"~/.config/git/config", "git settings", false},
	{"~/.config/git/ignore", "git settings", false},
	{"~/.config/git/attributes", "git settings", false},
	{NULL, NULL, false},
};

#define DRIVE(letter)                                          \
	{                                                      \
		letter ":/", SBK_FORBID_EXACT, "a whole drive" \
	}

const struct sbk_forbidden sbk_forbidden_places[] = {
	DRIVE("A"),
	DRIVE("B"),
	DRIVE("C"),
	DRIVE("D"),
	DRIVE("E"),
	DRIVE("F"),
	DRIVE("G"),
	DRIVE("H"),
	DRIVE("I"),
	DRIVE("J"),
	DRIVE("K"),
	DRIVE("L"),
	DRIVE("M"),
	DRIVE("N"),
	DRIVE("O"),
	DRIVE("P"),
	DRIVE("Q"),
	DRIVE("R"),
	DRIVE("S"),
	DRIVE("T"),
	DRIVE("U"),
	DRIVE("V"),
	DRIVE("W"),
	DRIVE("X"),
	DRIVE("Y"),
	DRIVE("Z"),
	{"~", SBK_FORBID_EXACT, "a whole profile"},
	{"<UserProfiles>", SBK_FORBID_EXACT, "the profiles of all users"},
	{"<Public>", SBK_FORBID_EXACT, "what all users share"},
	{"<Public>", SBK_FORBID_WRITE_TREE, "what all users share"},
	{"<ProgramData>", SBK_FORBID_EXACT, "the data of programs"},
	{"<LocalAppData>", SBK_FORBID_EXACT, "the data of your programs"},
	{"<RoamingAppData>", SBK_FORBID_EXACT, "the data of your programs"},
	{"<LocalAppDataLow>", SBK_FORBID_EXACT, "the data of your programs"},
	{"~/AppData", SBK_FORBID_EXACT, "the data of your programs"},
	{"<LocalAppData>/Packages", SBK_FORBID_TREE, "packages"},
	{"<LocalAppData>/Microsoft/WindowsApps", SBK_FORBID_WRITE_TREE,
	 "packages"},
	{"<ProgramFiles>/WindowsApps", SBK_FORBID_TREE, "packages"},
	{"<Windows>/System32/config", SBK_FORBID_TREE, "the registry's files"},
	{"<LocalAppData>/Temp", SBK_FORBID_EXACT,
	 "temporary files of all your programs"},
	{"<Windows>", SBK_FORBID_WRITE_TREE, "the system"},
	{"<ProgramFiles>", SBK_FORBID_WRITE_TREE, "installed programs"},
	{"<ProgramFilesX86>", SBK_FORBID_WRITE_TREE, "installed programs"},
	{"<ProgramData>", SBK_FORBID_WRITE_TREE, "the data of programs"},
	{"<Startup>", SBK_FORBID_WRITE_TREE,
	 "programs that start by themselves"},
	{"<CommonStartup>", SBK_FORBID_WRITE_TREE,
	 "programs that start by themselves"},
	{"<StartMenu>", SBK_FORBID_WRITE_TREE, "programs that people start"},
	{"<Desktop>", SBK_FORBID_WRITE_EXACT, "programs that people start"},
	{"<Documents>", SBK_FORBID_WRITE_EXACT,
	 "start files of PowerShell and other programs"},
	{"<Documents>/WindowsPowerShell", SBK_FORBID_WRITE_TREE,
	 "a shell's start files"},
	{"<Documents>/PowerShell", SBK_FORBID_WRITE_TREE,
	 "a shell's start files"},
	{"<LocalAppData>/Sandbook", SBK_FORBID_WRITE_TREE,
	 "Sandbook's journal"},
	{"<RoamingAppData>/Sandbook", SBK_FORBID_WRITE_TREE,
	 "Sandbook's policy"},
	{"<RoamingAppData>/Microsoft/Windows", SBK_FORBID_WRITE_TREE,
	 "settings of the desktop"},
	{"<LocalAppData>/Microsoft/Windows", SBK_FORBID_WRITE_TREE,
	 "settings of the desktop"},
	{"<LocalAppData>/nvim", SBK_FORBID_WRITE_TREE,
	 "an editor's start files"},
	{"~/.config/git", SBK_FORBID_WRITE_TREE,
	 "git settings that can start programs"},
	{"~/.gitconfig", SBK_FORBID_WRITE_TREE,
	 "git settings that can start programs"},
	{"~/.bashrc", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.bash_profile", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.bash_login", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.profile", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.zshrc", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.inputrc", SBK_FORBID_WRITE_TREE, "a shell's start file"},
	{"~/.vimrc", SBK_FORBID_WRITE_TREE, "an editor's start file"},
	{"~/_vimrc", SBK_FORBID_WRITE_TREE, "an editor's start file"},
	{"~/vimfiles", SBK_FORBID_WRITE_TREE, "an editor's start files"},
	{"~/.emacs.d", SBK_FORBID_WRITE_TREE, "an editor's start files"},
	{NULL, SBK_FORBID_EXACT, NULL},
};

const char *const sbk_sensitive_places[] = {
	/* Keys and passwords. */
	"~/.ssh",
	"~/.gnupg",
	"~/.netrc",
	"~/_netrc",
	"~/.git-credentials",
	"~/.password-store",
	"<RoamingAppData>/gnupg",
	"<RoamingAppData>/Microsoft/Credentials",
	"<LocalAppData>/Microsoft/Credentials",
	"<LocalAppData>/Microsoft/Vault",
	"<RoamingAppData>/Microsoft/Crypto",
	"<RoamingAppData>/Microsoft/Protect",
	"<RoamingAppData>/Microsoft/SystemCertificates",
	/* Clouds, clusters, package registries. */
	"~/.aws",
	"~/.azure",
	"~/.config/gcloud",
	"~/.config/gh",
	"~/.docker",
	"~/.kube",
	"~/.npmrc",
	"~/.pypirc",
	"~/.cargo/credentials",
	"~/.cargo/credentials.toml",
	"<RoamingAppData>/GitHub CLI",
	"<RoamingAppData>/NuGet",
	"<RoamingAppData>/gcloud",
	/* Browsers. */
	"<LocalAppData>/BraveSoftware",
	"<LocalAppData>/Google/Chrome/User Data",
	"<LocalAppData>/Microsoft/Edge/User Data",
	"<RoamingAppData>/Mozilla/Firefox",
	/* What was typed, and the user's own registry. */
	"<RoamingAppData>/Microsoft/Windows/PowerShell/PSReadLine",
	"<LocalAppData>/Microsoft/Windows/UsrClass.dat",
	"~/NTUSER.DAT",
	"~/.bash_history",
	"~/.python_history",
	"~/.node_repl_history",
	"~/.lesshst",
	"~/.viminfo",
	/* Coding agents: tokens and what people told them. */
	"~/.codex",
	"~/.claude",
	"~/.claude.json",
	"~/.gemini",
	"~/.cursor",
	"~/.copilot",
	"<RoamingAppData>/Claude",
	"<RoamingAppData>/Code",
	"<RoamingAppData>/Cursor",
	"<LocalAppData>/github-copilot",
	/* Sandbook's record of this person's sessions. */
	"<LocalAppData>/Sandbook",
	/* The machine's own. */
	"<Windows>/System32/config",
	"<ProgramData>/ssh",
	NULL,
};

const struct sbk_tool_layout sbk_tool_layouts[] = {
	{"~/.cargo/bin", {"~/.rustup", NULL}, "rustup and cargo"},
	{"~/.rustup/toolchains/*/bin", {"^"}, "a Rust toolchain"},
	{"<RoamingAppData>/npm", {NULL}, "npm programs"},
	{"<RoamingAppData>/nvm", {NULL}, "node by nvm"},
	{"<RoamingAppData>/nvm/*", {NULL}, "node by nvm"},
	{"<RoamingAppData>/fnm/node-versions/*/installation",
	 {NULL},
	 "node by fnm"},
	{"<LocalAppData>/Volta/bin", {"^"}, "volta"},
	{"<LocalAppData>/pnpm", {NULL}, "pnpm programs"},
	{"<LocalAppData>/Yarn/bin", {"^"}, "yarn"},
	{"~/.bun/bin", {"~/.bun/install/global"}, "bun"},
	{"~/.deno/bin", {NULL}, "deno"},
	{"<LocalAppData>/Programs/Python/*", {NULL}, "python"},
	{"<LocalAppData>/Programs/Python/*/Scripts", {"^"}, "python"},
	{"<LocalAppData>/Programs/*/bin", {"^"}, "a program of this user"},
	{"~/.pyenv/pyenv-win/*", {"~/.pyenv/pyenv-win"}, "python by pyenv"},
	{"<RoamingAppData>/uv/python/*", {NULL}, "python by uv"},
	{"~/.local/bin", {NULL}, "programs of this user"},
	{"~/miniconda3/*", {"~/miniconda3"}, "conda"},
	{"~/miniforge3/*", {"~/miniforge3"}, "conda"},
	{"~/anaconda3/*", {"~/anaconda3"}, "conda"},
	{"~/scoop/shims", {"~/scoop/apps"}, "scoop"},
	{"~/scoop/apps/*/*", {NULL}, "scoop"},
	{"~/scoop/apps/*/*/bin", {"^"}, "scoop"},
	{"~/go/bin", {NULL}, "go programs"},
	{"~/.dotnet/tools", {NULL}, "dotnet"},
	{NULL, {NULL}, NULL},
};

const char *const sbk_interpreter_directories[] = {
	"<LocalAppData>/Programs/Python/*/bin",
	"~/.pyenv/pyenv-win/versions/*/bin",
	NULL,
};

const char *const sbk_system_programs[] = {
	"<Windows>",
	"<ProgramFiles>",
	"<ProgramFilesX86>",
	NULL,
};

/*
 * In upper case, since case does not tell variables apart here: what programs
 * of Windows need to start at all, and what the tools above need. No variable
 * that names a session or a secret; TEMP and TMP are the run's own.
 */
const char *const sbk_environment_kept[] = {
	"PATH",
	"PATHEXT",
	"SYSTEMROOT",
	"SYSTEMDRIVE",
	"WINDIR",
	"COMSPEC",
	"OS",
	"NUMBER_OF_PROCESSORS",
	"PROCESSOR_*",
	"PROGRAMDATA",
	"ALLUSERSPROFILE",
	"PROGRAMFILES",
	"PROGRAMFILES(X86)",
	"PROGRAMW6432",
	"COMMONPROGRAMFILES",
	"COMMONPROGRAMFILES(X86)",
	"COMMONPROGRAMW6432",
	"APPDATA",
	"LOCALAPPDATA",
	"HOMEDRIVE",
	"HOMEPATH",
	"PSMODULEPATH",
	"DRIVERDATA",
	"TERM",
	"COLORTERM",
	"NO_COLOR",
	"FORCE_COLOR",
	"CLICOLOR",
	"CLICOLOR_FORCE",
	"COLUMNS",
	"LINES",
	"LANG",
	"LANGUAGE",
	"LC_*",
	"TZ",
	"EDITOR",
	"VISUAL",
	"PAGER",
	"LESS",
	"GIT_PAGER",
	"GIT_AUTHOR_NAME",
	"GIT_AUTHOR_EMAIL",
	"GIT_COMMITTER_NAME",
	"GIT_COMMITTER_EMAIL",
	"CI",
	"CC",
	"CXX",
	"CFLAGS",
	"CXXFLAGS",
	"CPPFLAGS",
	"LDFLAGS",
	"INCLUDE",
	"LIB",
	"LIBPATH",
	"VCINSTALLDIR",
	"VCTOOLSINSTALLDIR",
	"VSINSTALLDIR",
	"WINDOWSSDKDIR",
	"WINDOWSSDKVERSION",
	"SOURCE_DATE_EPOCH",
	"CARGO_HOME",
	"RUSTUP_HOME",
	"RUSTUP_TOOLCHAIN",
	"RUSTFLAGS",
	"GOPATH",
	"GOROOT",
	"GOFLAGS",
	"NVM_HOME",
	"NVM_SYMLINK",
	"PYENV",
	"PYENV_ROOT",
	"VIRTUAL_ENV",
	"CONDA_PREFIX",
	"CONDA_DEFAULT_ENV",
	"JAVA_HOME",
	NULL,
};

const char *const sbk_environment_secret[] = {
	"*TOKEN*",
	"*SECRET*",
	"*PASSWORD*",
	"*PASSWD*",
	"*PASSPHRASE*",
	"*CREDENTIAL*",
	"*API_KEY*",
	"*APIKEY*",
	"*ACCESS_KEY*",
	"*PRIVATE_KEY*",
	"*_PAT",
	"*_AUTH",
	"PGPASS*",
	"MYSQL_PWD",
	"AWS_*",
	"AZURE_*",
	"GOOGLE_APPLICATION_*",
	"CLOUDSDK_*",
	"KUBECONFIG",
	"DOCKER_*",
	"SSH_*",
	"GPG_*",
	"SESSIONNAME",
	"CLIENTNAME",
	"LOGONSERVER",
	"USERDOMAIN*",
	"VSCODE_*",
	NULL,
};

/* "ProgramFiles(x86)" is a variable. */
const char *const sbk_environment_characters = "()";

const struct sbk_own_variable sbk_environment_own[] = {
	{"USERPROFILE", SBK_OWN_HOME, NULL},
	{"USERNAME", SBK_OWN_USER, NULL},
	{NULL, SBK_OWN_TEXT, NULL},
};

/* The system's own folder is looked into last, whatever PATH says. */
const char *const sbk_default_path = "";
const char sbk_path_separator = ';';

/* A run sees what is there, under every name that it has. */
const bool sbk_places_view = false;

const char *const sbk_homes_directory = "<UserProfiles>";

const char *const sbk_git_commanding[] = {
	"hooks", "config",  "config.worktree", "commondir", "gitdir",
	"info",	 "modules", "worktrees",       NULL,
};

const char *const sbk_protected_names[] = {
	".git", ".codex", ".agents", ".claude", NULL,
};

const char *const sbk_machine_policy_path =
	"<ProgramFiles>/Sandbook/policy.json";
const char *const sbk_user_policy_path =
	"<RoamingAppData>/Sandbook/policy.json";
const char *const sbk_project_policy_name = ".sandbook.json";
