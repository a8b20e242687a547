/*
 * The systemd unit that makes the firewall table again after a reboot, and
 * after whoever starts nftables.service, which flushes every table.
 *
 * The rules stand in the unit itself, as its standard input: the table in the
 * unit, the rules of each person in a drop-in of its own, since systemd joins
 * the texts, in the order of the names, which is that of the persons' numbers
 * as in the table itself. So who comes and goes changes no file that is there:
 * a file of ours is made and removed, never written again. (A unit of an
 * earlier version holds its person's rules itself, and is left as it is.) It
 * runs after every service that may flush, and does not remain active, so that
 * each start of nftables.service, which wants it, runs it again. A mere reload
 * of nftables.service it does not see; `sandbook audit network` does.
 *
 * The links are those that `systemctl enable` would make. We make them
 * ourselves, since systemctl would make its changes unrecorded.
 */
#include "engine/linux/setup_unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/file.h"
#include "engine/linux/firewall.h"
#include "engine/linux/program.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

#define UNITS "/etc/systemd/system"
#define UNIT_NAME "sandbook-firewall.service"
#define UNIT UNITS "/" UNIT_NAME
#define DROP_INS UNIT ".d"
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

static void add_input(struct sbk_buf *out, const char *script)
{
	while (*script != '\0') {
		size_t size = strcspn(script, "\n");

		sbk_buf_printf(out, "StandardInputText=%.*s\n", (int)size,
			       script);
		script += size + (script[size] == '\n');
	}
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
	add_input(out, script);
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
 * Adds the change that makes it as `wanted`, unless it is so. What else stands
 * there is somebody else's.
 */
static int plan_piece(const struct sbk_backend *backend, struct sbk_plan *plan,
		      const struct piece *piece, const struct sbk_buf *wanted,
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
	if (!sbk_state_absent(change.before)) {
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "'%s' exists and is not Sandbook's; move it "
				   "away first",
				   piece->path);
		goto out;
	}
	rc = sbk_plan_add(plan, &change, err);
out:
	sbk_observation_release(&seen);
	return rc;
}

/* A unit of ours. */
static bool bears_mark(struct sbk_state state)
{
	return memmem(state.data, state.size, "\n\n" MARK,
		      sizeof("\n\n" MARK) - 1) != NULL;
}

static int plan_text(const struct sbk_backend *backend, struct sbk_plan *plan,
		     const struct piece *piece, const struct sbk_buf *text,
		     struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	int rc = sbk_buf_failed(text, err);

	if (rc == 0) {
		sbk_file_state(&state, 0, 0, 0644, sbk_buf_text(text),
			       text->size);
		rc = plan_piece(backend, plan, piece, &state, err);
	}
	sbk_buf_release(&state);
	return rc;
}

/* One that stands is left, and its content given in `found`. */
static int plan_unit_file(const struct sbk_backend *backend,
			  struct sbk_plan *plan, const char *script,
			  struct sbk_observation *found, struct sbk_error *err)
{
	static const struct piece piece = {
		SBK_KIND_FILE, UNIT,
		"makes the firewall table again after a reboot"};
	const struct sbk_object object = {.kind = SBK_KIND_FILE, .name = UNIT};
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_backend_observe(backend, &object, found, err);

	if (rc < 0 || bears_mark(sbk_observation_state(found)))
		return rc;
	rc = unit_text(&text, script, err);
	if (rc == 0)
		rc = plan_text(backend, plan, &piece, &text, err);
	sbk_buf_release(&text);
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
	rc = plan_piece(backend, plan, &piece, &state, err);
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
	rc = plan_piece(backend, plan, &piece, &state, err);
	sbk_buf_release(&state);
	return rc;
}

/* Whether a unit of an earlier version has the account's rules itself. */
static bool has_rules(const struct sbk_observation *unit,
		      const struct sbk_account *account)
{
	char words[SBK_NAME_MAX + 64];

	(void)snprintf(words, sizeof(words), "comment \"%s\"", account->name);
	return memmem(sbk_buf_text(&unit->state), unit->state.size, words,
		      strlen(words)) != NULL;
}

static int plan_drop_in(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *nonce,
			const struct sbk_account *account,
			struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT, rules = SBK_BUF_INIT;
	char path[SBK_PATH_MAX];
	const struct piece piece = {SBK_KIND_FILE, path,
				    "that person's rules, after a reboot"};
	int rc;

	(void)snprintf(path, sizeof(path), DROP_INS "/%010u.conf",
		       account->person);
	sbk_firewall_rules(&rules, nonce, account);
	sbk_buf_adds(&text, MARK "[Service]\n");
	add_input(&text, sbk_buf_text(&rules));
	rc = sbk_buf_failed(&rules, err);
	if (rc == 0)
		rc = plan_text(backend, plan, &piece, &text, err);
	sbk_buf_release(&rules);
	sbk_buf_release(&text);
	return rc;
}

static int plan_drop_ins(const struct sbk_backend *backend,
			 struct sbk_plan *plan, const char *nonce,
			 const struct sbk_account *accounts, size_t count,
			 const struct sbk_observation *unit,
			 struct sbk_error *err)
{
	size_t i;
	int rc = plan_directory(backend, plan, DROP_INS, err);

	for (i = 0; rc == 0 && i < count; i++)
		if (accounts[i].role == SBK_ACCOUNT_OFFLINE &&
		    !has_rules(unit, &accounts[i]))
			rc = plan_drop_in(backend, plan, nonce, &accounts[i],
					  err);
	return rc;
}

static int plan_links(const struct sbk_backend *backend, struct sbk_plan *plan,
		      struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(wanted_by) / sizeof(wanted_by[0]);
	     i++) {
		rc = plan_directory(backend, plan, wanted_by[i].directory, err);
		if (rc == 0)
			rc = plan_link(backend, plan, wanted_by[i].link, err);
	}
	return rc;
}

int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err)
{
	struct sbk_observation unit = SBK_OBSERVATION_INIT;
	struct sbk_buf script = SBK_BUF_INIT;
	int rc;

	if (!systemd_runs())
		return sbk_plan_add_note(
			plan, err,
			"systemd does not run this machine: after a reboot, "
			"run 'sandbook setup' again to restore the firewall "
			"table");
	sbk_firewall_script(&script, nonce, NULL, 0);
	rc = sbk_buf_failed(&script, err);
	if (rc == 0)
		rc = plan_directory(backend, plan, UNITS, err);
	if (rc == 0)
		rc = plan_unit_file(backend, plan, sbk_buf_text(&script), &unit,
				    err);
	if (rc == 0)
		rc = plan_drop_ins(backend, plan, nonce, accounts, count, &unit,
				   err);
	if (rc == 0)
		rc = plan_links(backend, plan, err);
	sbk_buf_release(&script);
	sbk_observation_release(&unit);
	return rc;
}

bool sbk_setup_unit_is_of(const char *path, unsigned int person)
{
	char wanted[SBK_PATH_MAX];

	(void)snprintf(wanted, sizeof(wanted), DROP_INS "/%010u.conf", person);
	return strcmp(path, wanted) == 0;
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
