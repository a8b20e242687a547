/*
 * What makes the firewall table again: after a reboot, a systemd unit of ours;
 * after nftables.service, which flushes every table when it starts, stops or
 * reloads, a drop-in of that service. Both read one script.
 *
 * The script is one constant file with the table, and includes a file for each
 * person with that person's rules, in the order of the names, which is that of
 * the persons' numbers as in the table itself. So who comes and goes changes no
 * file that is there: a file of ours is made and removed, never written again.
 * nft reads all of it as one transaction.
 *
 * The unit runs after every service that may flush, and does not remain
 * active, so that each start of nftables.service, which wants it, runs it
 * again. The drop-in's commands are appended to the service's own, also for a
 * reload; that they may fail is not the service's failure. Between its flush
 * and our script is a moment without the table. Whoever stops the service, or
 * flushes by hand, is not prevented: each run's probe, `audit drift` and
 * `audit network` see it.
 *
 * The unit of an earlier version holds rules itself, as its standard input. It
 * is left as it is, and a drop-in has it read the script instead.
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
#define DROP_INS UNIT ".d" /* an earlier version's: "<person>.conf" */
#define NFTABLES_DROP_INS UNITS "/nftables.service.d"
#define CONFIG "/etc/sandbook"
#define SCRIPT CONFIG "/firewall.nft"
#define PEOPLE CONFIG "/firewall.d"
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

/* --- texts ------------------------------------------------------------ */

static void add_unit(struct sbk_buf *out, const char *nft)
{
	sbk_buf_printf(out,
		       "[Unit]\n"
		       "Description=Firewall table of the Sandbook accounts\n"
		       "Documentation=man:sandbook(1)\n"
		       "After=nftables.service netfilter-persistent.service "
		       "firewalld.service ufw.service docker.service\n"
		       "\n"
		       "[Service]\n"
		       "Type=oneshot\n"
		       "ExecStart=%s -f " SCRIPT "\n"
		       "\n"
		       "[Install]\n"
		       "WantedBy=multi-user.target nftables.service\n",
		       nft);
}

/* For an earlier version's unit: its own input and command are set aside. */
static void add_script_drop_in(struct sbk_buf *out, const char *nft)
{
	sbk_buf_printf(out,
		       "[Service]\n"
		       "StandardInput=null\n"
		       "StandardInputText=\n"
		       "ExecStart=\n"
		       "ExecStart=%s -f " SCRIPT "\n",
		       nft);
}

static void add_nftables_drop_in(struct sbk_buf *out, const char *nft)
{
	sbk_buf_printf(out,
		       "[Service]\n"
		       "ExecStartPost=-%s -f " SCRIPT "\n"
		       "ExecReload=-%s -f " SCRIPT "\n",
		       nft, nft);
}

/* --- changes ---------------------------------------------------------- */

/* The plan that is being made. */
struct making {
	const struct sbk_backend *backend;
	struct sbk_plan *plan;
	const char *nonce;
	const struct sbk_account *accounts;
	size_t count;
	char nft[SBK_PATH_MAX];
};

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

static bool contains(struct sbk_state state, const char *text)
{
	return memmem(state.data, state.size, text, strlen(text)) != NULL;
}

/* A file that some version of ours made. */
static bool bears_mark(struct sbk_state state)
{
	return contains(state, "\n\n" MARK);
}

/*
 * A file with that text below our mark. One of ours that holds `sign` stands
 * as it is: another version may have put it in other words, and what became of
 * it since is for `audit drift` to say.
 */
static int plan_file(struct making *u, const char *path, const char *reason,
		     const char *sign, const struct sbk_buf *body,
		     struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_FILE, .name = path};
	const struct piece piece = {SBK_KIND_FILE, path, reason};
	struct sbk_observation found = SBK_OBSERVATION_INIT;
	struct sbk_buf text = SBK_BUF_INIT, state = SBK_BUF_INIT;
	int rc = sbk_buf_failed(body, err);

	if (rc == 0)
		rc = sbk_backend_observe(u->backend, &object, &found, err);
	if (rc < 0 || (bears_mark(sbk_observation_state(&found)) &&
		       contains(sbk_observation_state(&found), sign)))
		goto out;
	sbk_buf_adds(&text, MARK);
	sbk_buf_add(&text, sbk_buf_text(body), body->size);
	rc = sbk_buf_failed(&text, err);
	if (rc < 0)
		goto out;
	sbk_file_state(&state, 0, 0, 0644, text.data, text.size);
	rc = plan_piece(u->backend, u->plan, &piece, &state, err);
out:
	sbk_buf_release(&state);
	sbk_buf_release(&text);
	sbk_observation_release(&found);
	return rc;
}

/* A directory that stands is left as it is, where only root puts files into
 * it: what lies there is read by programs of root's. */
static int plan_directory(struct making *u, const char *path,
			  struct sbk_error *err)
{
	const struct piece piece = {SBK_KIND_DIRECTORY, path,
				    "holds what is below"};
	struct sbk_buf state = SBK_BUF_INIT;
	struct stat st;
	int rc;

	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (st.st_uid == 0 && (st.st_mode & 022) == 0)
			return 0;
		return sbk_error_set(err, SBK_E_EXISTS,
				     "'%s' is not a directory that only root "
				     "can write; mend that first",
				     path);
	}
	sbk_directory_state(&state, 0, 0, 0755);
	rc = plan_piece(u->backend, u->plan, &piece, &state, err);
	sbk_buf_release(&state);
	return rc;
}

static int plan_link(struct making *u, const char *path, struct sbk_error *err)
{
	const struct piece piece = {SBK_KIND_LINK, path, "starts the unit"};
	struct sbk_buf state = SBK_BUF_INIT;
	int rc;

	sbk_link_state(&state, UNIT);
	rc = plan_piece(u->backend, u->plan, &piece, &state, err);
	sbk_buf_release(&state);
	return rc;
}

/* --- the script ------------------------------------------------------- */

static int plan_person(struct making *u, const struct sbk_account *account,
		       struct sbk_error *err)
{
	struct sbk_buf rules = SBK_BUF_INIT;
	char path[SBK_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), PEOPLE "/%010u.nft",
		       account->person);
	sbk_firewall_rules(&rules, u->nonce, account);
	rc = plan_file(u, path, "that person's rules, for the script",
		       sbk_buf_text(&rules), &rules, err);
	sbk_buf_release(&rules);
	return rc;
}

static int plan_script(struct making *u, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;
	int rc;

	sbk_firewall_script(&text, u->nonce, NULL, 0);
	sbk_buf_adds(&text, "include \"" PEOPLE "/*.nft\"\n");
	rc = plan_directory(u, CONFIG, err);
	if (rc == 0)
		rc = plan_directory(u, PEOPLE, err);
	if (rc == 0)
		rc = plan_file(u, SCRIPT, "what makes the firewall table again",
			       u->nonce, &text, err);
	for (i = 0; rc == 0 && i < u->count; i++)
		if (u->accounts[i].role == SBK_ACCOUNT_OFFLINE)
			rc = plan_person(u, &u->accounts[i], err);
	sbk_buf_release(&text);
	return rc;
}

/* --- who runs it ------------------------------------------------------ */

static int plan_written(struct making *u, const char *path, const char *reason,
			const char *sign,
			void (*add)(struct sbk_buf *out, const char *nft),
			struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc;

	add(&text, u->nft);
	rc = plan_file(u, path, reason, sign, &text, err);
	sbk_buf_release(&text);
	return rc;
}

/* Whether the unit is there and is an earlier version's. */
static int has_older_unit(struct making *u, bool *answer, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_FILE, .name = UNIT};
	struct sbk_observation found = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(u->backend, &object, &found, err);

	if (rc == 0)
		*answer = bears_mark(sbk_observation_state(&found)) &&
			  !contains(sbk_observation_state(&found), SCRIPT);
	sbk_observation_release(&found);
	return rc;
}

static int plan_unit(struct making *u, struct sbk_error *err)
{
	bool older = false;
	int rc = has_older_unit(u, &older, err);

	if (rc == 0 && !older)
		return plan_written(u, UNIT, "runs the script after a reboot",
				    SCRIPT, add_unit, err);
	if (rc == 0)
		rc = plan_directory(u, DROP_INS, err);
	if (rc == 0)
		rc = plan_written(u, DROP_INS "/script.conf",
				  "has the unit read the script", SCRIPT,
				  add_script_drop_in, err);
	return rc;
}

static int plan_nftables(struct making *u, struct sbk_error *err)
{
	int rc = plan_directory(u, NFTABLES_DROP_INS, err);

	if (rc == 0)
		rc = plan_written(u, NFTABLES_DROP_INS "/sandbook.conf",
				  "runs the script when nftables.service "
				  "flushed all tables",
				  SCRIPT, add_nftables_drop_in, err);
	return rc;
}

static int plan_links(struct making *u, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(wanted_by) / sizeof(wanted_by[0]);
	     i++) {
		rc = plan_directory(u, wanted_by[i].directory, err);
		if (rc == 0)
			rc = plan_link(u, wanted_by[i].link, err);
	}
	return rc;
}

int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err)
{
	struct making u = {.backend = backend,
			   .plan = plan,
			   .nonce = nonce,
			   .accounts = accounts,
			   .count = count};
	int rc;

	if (!systemd_runs())
		return sbk_plan_add_note(
			plan, err,
			"systemd does not run this machine: after a reboot, "
			"run 'sandbook setup' again to restore the firewall "
			"table");
	rc = sbk_program_find("nft", u.nft, sizeof(u.nft), err);
	if (rc == 0)
		rc = plan_script(&u, err);
	if (rc == 0)
		rc = plan_directory(&u, UNITS, err);
	if (rc == 0)
		rc = plan_unit(&u, err);
	if (rc == 0)
		rc = plan_nftables(&u, err);
	return rc == 0 ? plan_links(&u, err) : rc;
}

bool sbk_setup_unit_is_of(const char *path, unsigned int person)
{
	char wanted[SBK_PATH_MAX], older[SBK_PATH_MAX];

	(void)snprintf(wanted, sizeof(wanted), PEOPLE "/%010u.nft", person);
	(void)snprintf(older, sizeof(older), DROP_INS "/%010u.conf", person);
	return strcmp(path, wanted) == 0 || strcmp(path, older) == 0;
}

int sbk_setup_reload(struct sbk_error *err)
{
	static const char *const argv[] = {"systemctl", "daemon-reload", NULL};
	const struct sbk_program program = {.argv = argv};

	return systemd_runs() ? sbk_program_do(&program, NULL, err) : 0;
}
