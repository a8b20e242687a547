/* How people call a command as an administrator here. A file of its own, since
 * whatever prints a remedy links it. */
#include "engine/os.h"

#include "engine/banned.h"

const struct sbk_admin_words sbk_os_admin = {
	.before = "",
	.after = " in an elevated prompt",
	.who = "an administrator",
	.how = "use an elevated prompt",
};
