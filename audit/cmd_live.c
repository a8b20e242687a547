/*
 * The command lines of audit where rights are NT descriptors: scope, residue
 * and ssh of the running system. What they do not find there is as in
 * cmd_audit.c.
 */
#include "audit/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/live.h"
#include "audit/residue.h"

#include "engine/banned.h"

void sbk_audit_begin_progress(const struct audit *audit,
			      struct sbk_cli_progress *line)
{
	sbk_cli_progress_begin(line, audit->cli,
			       !audit->options.json && !audit->options.csv);
}

int sbk_audit_print_rows(struct audit *audit, struct sbk_volume_audit *volume)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = 0;

	if (audit->options.json) {
		rc = sbk_volume_print_json(volume, &out, &audit->err);
		if (rc == 0)
			rc = sbk_report_members(
				audit->report, sbk_buf_text(&out), &audit->err);
	} else if (audit->options.csv) {
		rc = sbk_volume_print_csv(volume, &out, &audit->err);
		if (rc == 0 && sbk_cli_print(audit->cli, &out) != 0)
			rc = sbk_error_set(&audit->err, SBK_E_IO,
					   "standard output is closed");
	}
	sbk_buf_release(&out);
	return rc;
}

/* Rights are NT descriptors here: judged as those of a volume are. */
static int make_live(struct audit *audit, struct sbk_live_request *request)
{
	struct sbk_cli_progress line;
	struct sbk_volume_audit examined;
	struct sbk_live live;
	int rc;

	request->backend = &audit->backend;
	request->progress = &line.progress;
	request->skip = (const char *const *)audit->skip.items;
	request->skip_count = audit->skip.count;
	sbk_audit_begin_progress(audit, &line);
	rc = sbk_live_audit(request, &live, audit->report, &examined,
			    &audit->err);
	sbk_cli_progress_end(&line);
	if (rc == 0 && request->about != SBK_LIVE_SSH)
		rc = sbk_audit_print_rows(audit, &examined);
	sbk_volume_audit_release(&examined);
	return rc;
}

/* Whom the command names, with what "session:12" stands for. */
static int name_principals(const struct sbk_list *list, struct sbk_arena *arena,
			   const char **names, struct sbk_error *err)
{
	struct sbk_buf token = SBK_BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < list->count; i++) {
		names[i] = list->items[i];
		if (strncmp(names[i], SBK_SESSION_WORD,
			    strlen(SBK_SESSION_WORD)) != 0)
			continue;
		sbk_buf_clear(&token);
		rc = sbk_audit_session_token(names[i], &token, err);
		if (rc == 0)
			names[i] =
				sbk_arena_strdup(arena, sbk_buf_text(&token));
		if (rc == 0 && names[i] == NULL)
			rc = sbk_error_no_memory(err);
	}
	sbk_buf_release(&token);
	return rc;
}

int sbk_audit_live_scope(struct audit *audit)
{
	const struct sbk_list *list = &audit->options.principals;
	const char **names = calloc(list->count + 1, sizeof(*names));
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_live_request request = {
		.about = SBK_LIVE_SCOPE,
		.roots = (const char *const *)audit->roots.items,
		.root_count = audit->roots.count,
		.principals = names,
		.principal_count = list->count,
	};
	int rc = names == NULL
			 ? sbk_error_no_memory(&audit->err)
			 : name_principals(list, &arena, names, &audit->err);

	if (rc == 0)
		rc = make_live(audit, &request);
	sbk_arena_release(&arena);
	free(names);
	return rc;
}

/* Whom a certificate or a journal names besides those that the host itself
 * shows, "S-1-5-21-...". */
int sbk_audit_live_residue(struct audit *audit)
{
	struct sbk_wanted wanted = {.items = NULL};
	struct sbk_live_request request = {
		.about = SBK_LIVE_RESIDUE,
		.roots = (const char *const *)audit->roots.items,
		.root_count = audit->roots.count,
	};
	const char **names = NULL;
	size_t i;
	int rc = sbk_wanted_find(audit->options.certificate, audit->report,
				 &wanted, &audit->err);

	if (rc < 0)
		return rc;
	names = calloc(wanted.count + 1, sizeof(*names));
	if (names == NULL)
		rc = sbk_error_no_memory(&audit->err);
	for (i = 0; rc == 0 && i < wanted.count; i++)
		names[i] = wanted.items[i].principal;
	request.principals = names;
	request.principal_count = wanted.count;
	if (rc == 0)
		rc = make_live(audit, &request);
	free(names);
	sbk_wanted_release(&wanted);
	return rc;
}

int sbk_audit_live_ssh(struct audit *audit, const struct sbk_person *person)
{
	const char *machine = sbk_os_machine_directory();
	char own[SBK_PATH_MAX + 8], server[SBK_PATH_MAX + 8] = "";
	const char *roots[2];
	struct sbk_live_request request = {.about = SBK_LIVE_SSH,
					   .roots = roots};
	struct sbk_file file;

	(void)snprintf(own, sizeof(own), "%s/.ssh", person->home);
	/* Beside our own directory in the machine's folder for data. */
	if (machine != NULL && strrchr(machine, '/') != NULL)
		(void)snprintf(server, sizeof(server), "%.*s/ssh",
			       (int)(strrchr(machine, '/') - machine), machine);
	if (sbk_os_look(own, &file, NULL) == 0)
		roots[request.root_count++] = own;
	if (sbk_os_look(server, &file, NULL) == 0)
		roots[request.root_count++] = server;
	return request.root_count > 0 ? make_live(audit, &request) : 0;
}
