/*
 * The systemd unit that makes the firewall table again after a reboot, and
 * after whoever starts nftables.service, which flushes every table.
 *
 * One file of ours: the rules stand in the unit itself, as its standard input.
 * It runs after every service that may flush, and does not remain active, so
 * that each start of nftables.service, which wants it, runs it again. A mere
 * reload of nftables.service it does not see; `sandbook audit network` does.
 *
 * The links are those that `systemctl enable` would make. We make them
 * ourselves, since systemctl would make its changes unrecorded.
 */
#include "engine/linux/setup_unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/file.h"
#include "engine/linux/program.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

#define UNITS "/etc/systemd/system"
#define UNIT_NAME "sandbook-firewall.service"
#define UNIT UNITS "/" UNIT_NAME
#define MARK "# Made by 'sandbook setup', removed by 'sandbook uninstall'.\n"

static const struct {
	const char *directory, *link;
} wanted_by[] = {
	{UNITS "/multi-user.target.wants",
	 UNITS "/multi-user.target.wants/" UNIT_NAME},
	{UNITS "/nftables.service.wants",
	 UNITS "/nftables.service.wants/" UNIT_NAME},
};

/* As sd_booted(3) decides it. */
static bool systemd_runs(void)
{
	struct stat st;

	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

static int unit_text(struct sbk_buf *out, const char *script,
		     struct sbk_error *err)
{
	char nft[SBK_PATH_MAX];
	int rc = sbk_program_find("nft", nft, sizeof(nft), err);

	if (rc < 0)
		return rc;
	sbk_buf_adds(out, MARK
		     "[Unit]\n"
		     "Description=Firewall table of the Sandbook accounts\n"
		     "Documentation=man:sandbook(1)\n"
		     "After=nftables.service netfilter-persistent.service "
		     "firewalld.service ufw.service docker.service\n"
		     "\n"
		     "[Service]\n"
		     "Type=oneshot\n"
		     "StandardInput=data\n");
	while (*script != '\0') {
		size_t size = strcspn(script, "\n");

		sbk_buf_printf(out, "StandardInputText=%.*s\n", (int)size,
			       script);
		script += size + (script[size] == '\n');
	}
	sbk_buf_printf(out,
		       "ExecStart=%s -f -\n"
		       "\n"
		       "[Install]\n"
		       "WantedBy=multi-user.target nftables.service\n",
		       nft);
	return sbk_buf_failed(out, err);
}

/* What one change of this file's plans is about. */
struct piece {
	enum sbk_kind kind;
	const char *path, *reason;
};

/*
 * Adds the change from what stands there to `wanted`, unless it is so. Where
 * `replaceable` does not allow what stands there, it is somebody else's.
 */
static int plan_piece(const struct sbk_backend *backend, struct sbk_plan *plan,
		      const struct piece *piece, const struct sbk_buf *wanted,
		      bool (*replaceable)(struct sbk_state),
		      struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = piece->kind, .name = piece->path},
		.reason = piece->reason,
	};
	int rc = sbk_buf_failed(wanted, err);

	if (rc == 0)
		rc = sbk_backend_observe(backend, &change.object, &seen, err);
	if (rc < 0)
		goto out;
	change.before = sbk_observation_state(&seen);
	change.after = (struct sbk_state){sbk_buf_text(wanted), wanted->size};
	if (sbk_state_equal(change.before, change.after))
		goto out;
	if (!sbk_state_absent(change.before) && !replaceable(change.before)) {
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "'%s' exists and is not Sandbook's; move it "
				   "away first",
				   piece->path);
		goto out;
	}
	if (seen.identity.size > 0)
		change.object.identity = sbk_buf_text(&seen.identity);
	rc = sbk_plan_add(plan, &change, err);
out:
	sbk_observation_release(&seen);
	return rc;
}

static bool never(struct sbk_state state)
{
	(void)state;
	return false;
}

/* A unit of ours, of an earlier set of accounts. */
static bool bears_mark(struct sbk_state state)
{
	return memmem(state.data, state.size, "\n\n" MARK,
		      sizeof("\n\n" MARK) - 1) != NULL;
}

static int plan_file(const struct sbk_backend *backend, struct sbk_plan *plan,
		     const char *script, struct sbk_error *err)
{
	static const struct piece piece = {
		SBK_KIND_FILE, UNIT,
		"makes the firewall table again after a reboot"};
	struct sbk_buf text = SBK_BUF_INIT, state = SBK_BUF_INIT;
	int rc = unit_text(&text, script, err);

	if (rc == 0) {
		sbk_file_state(&state, 0, 0, 0644, sbk_buf_text(&text),
			       text.size);
		rc = plan_piece(backend, plan, &piece, &state, bears_mark, err);
	}
	sbk_buf_release(&text);
	sbk_buf_release(&state);
	return rc;
}

/* A directory that stands is left as it is. */
static int plan_directory(const struct sbk_backend *backend,
			  struct sbk_plan *plan, const char *path,
			  struct sbk_error *err)
{
	const struct piece piece = {SBK_KIND_DIRECTORY, path,
				    "holds the link below"};
	struct sbk_buf state = SBK_BUF_INIT;
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	sbk_directory_state(&state, 0, 0, 0755);
	rc = plan_piece(backend, plan, &piece, &state, never, err);
	sbk_buf_release(&state);
	return rc;
}

static int plan_link(const struct sbk_backend *backend, struct sbk_plan *plan,
		     const char *path, struct sbk_error *err)
{
	const struct piece piece = {SBK_KIND_LINK, path, "starts the unit"};
	struct sbk_buf state = SBK_BUF_INIT;
	int rc;

	sbk_link_state(&state, UNIT);
	rc = plan_piece(backend, plan, &piece, &state, never, err);
	sbk_buf_release(&state);
	return rc;
}

int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *script,
			struct sbk_error *err)
{
	size_t i;
	int rc;

	if (!systemd_runs())
		return sbk_plan_add_note(
			plan, err,
			"systemd does not run this machine: after a reboot, "
			"run 'sandbook setup' again to restore the firewall "
			"table");
	rc = plan_directory(backend, plan, UNITS, err);
	if (rc == 0)
		rc = plan_file(backend, plan, script, err);
	for (i = 0; rc == 0 && i < sizeof(wanted_by) / sizeof(wanted_by[0]);
	     i++) {
		rc = plan_directory(backend, plan, wanted_by[i].directory, err);
		if (rc == 0)
			rc = plan_link(backend, plan, wanted_by[i].link, err);
	}
	return rc;
}

int sbk_setup_reload(struct sbk_error *err)
{
	static const char *const argv[] = {"systemctl", "daemon-reload", NULL};
	const struct sbk_program program = {.argv = argv};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	int rc;

	if (!systemd_runs())
		return 0;
	rc = sbk_program_run(&program, &result, err);
	if (rc == 0 && result.exit_code != 0)
		rc = sbk_program_failed(&program, &result, SBK_E_IO, err);
	sbk_program_result_release(&result);
	return rc;
}
