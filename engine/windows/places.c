/*
 * Where Windows keeps what concerns us. Only what `audit` of a volume's image
 * asks is here: the table of sensitive places; forbidden roots and what a run
 * may read come with the commands that need them.
 */
#include "engine/places.h"

#include <stddef.h>

#include "engine/banned.h"

const char *const sbk_sensitive_places[] = {
	/* Keys and passwords. */
	"~/.ssh",
	"~/.gnupg",
	"~/.netrc",
	"~/_netrc",
	"~/.git-credentials",
	"~/.password-store",
	"~/AppData/Roaming/gnupg",
	"~/AppData/Roaming/Microsoft/Credentials",
	"~/AppData/Local/Microsoft/Credentials",
	"~/AppData/Local/Microsoft/Vault",
	"~/AppData/Roaming/Microsoft/Crypto",
	"~/AppData/Roaming/Microsoft/Protect",
	"~/AppData/Roaming/Microsoft/SystemCertificates",
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
	"~/AppData/Roaming/GitHub CLI",
	"~/AppData/Roaming/NuGet",
	"~/AppData/Roaming/gcloud",
	/* Browsers. */
	"~/AppData/Local/BraveSoftware",
	"~/AppData/Local/Google/Chrome/User Data",
	"~/AppData/Local/Microsoft/Edge/User Data",
	"~/AppData/Roaming/Mozilla/Firefox",
	/* What was typed, and the user's own registry. */
	"~/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine",
	"~/NTUSER.DAT",
	NULL,
};

/* Policies wait for the commands that take them; the anchor of the journal is
 * what is read of them today. */
const char *const sbk_machine_policy_path =
	"C:/ProgramData/Sandbook/policy.json";
const char *const sbk_user_policy_path =
	"~/AppData/Roaming/Sandbook/policy.json";
const char *const sbk_project_policy_name = ".sandbook.json";
