/*
 * What the commands `journal` and `undo` share.
 */
#ifndef SBK_JOURNAL_CMD_H
#define SBK_JOURNAL_CMD_H

#include "engine/cli.h"
#include "journal/internal.h"

/* Options that choose changes, common to `journal log` and `undo`. */
struct sbk_choice {
	uint64_t session, transaction, change;
	const char *path, *kind, *since, *until;
	const char *key;	     /* of `journal verify` */
	struct sbk_list checkpoints; /* likewise */
	struct sbk_list segments;    /* likewise */
	const char *to;		     /* of `journal export` */
	uint64_t through; /* likewise; UINT64_MAX: as far as can be */
	bool machine, json;
	bool errand; /* of `journal export`: for sbk_journal_fetch */
};

/* What nearly all of these commands have in common. */
#define SBK_CHOICE_MACHINE_OPTION                               \
	{                                                       \
		.name = "machine",                              \
		.help = "the machine's journal, not your own",  \
		.offset = offsetof(struct sbk_choice, machine), \
		.type = SBK_OPTION_FLAG                         \
	}
#define SBK_CHOICE_JSON_OPTION                               \
	{                                                    \
		.name = "json", .help = "print JSON",        \
		.offset = offsetof(struct sbk_choice, json), \
		.type = SBK_OPTION_FLAG                      \
	}

/* The machine's journal, or the caller's. */
int sbk_choice_place(const struct sbk_choice *choice,
		     struct sbk_journal_place *out, struct sbk_error *err);
/*
 * The filter for it. `path` is resolved as the system has it; one that is
 * gone is taken as it is written. The caller frees *resolved after use.
 */
int sbk_choice_filter(const struct sbk_choice *choice,
		      struct sbk_journal_filter *out, char **resolved,
		      struct sbk_error *err);

/* SBK_E_NOTFOUND for the first number of it that the journal does not have. */
int sbk_choice_check(const struct sbk_choice *choice,
		     struct sbk_journal *journal, struct sbk_error *err);

/* "2026-11-21 10:15:00Z". */
void sbk_time_print(struct sbk_buf *out, int64_t time_ms);

/* The log for people, and as JSON. */
int sbk_log_print(struct sbk_journal *journal,
		  const struct sbk_journal_filter *filter, bool json,
		  struct sbk_buf *out, struct sbk_error *err);
/* One run: what it was allowed, how it ended, what was changed for it.
 * SBK_E_NOTFOUND. */
int sbk_session_show(struct sbk_journal *journal, uint64_t id, bool json,
		     struct sbk_buf *out, struct sbk_error *err);
/* One change with its states. SBK_E_NOTFOUND. */
int sbk_show_print(struct sbk_journal *journal, uint64_t id, bool json,
		   struct sbk_buf *out, struct sbk_error *err);

/* cmd_segment.c */

/* The files of --segment, from the oldest on. Released in any case. */
struct sbk_segments {
	struct sbk_buf texts[SBK_SEGMENTS_MAX];
	size_t count;
};

int sbk_segments_read(const struct sbk_list *paths, struct sbk_segments *out,
		      struct sbk_error *err);
int sbk_segments_leaves(const struct sbk_segments *segments,
			struct sbk_segment_leaves *out, struct sbk_error *err);
void sbk_segments_release(struct sbk_segments *segments);
/* At most the first `most` entries to a new file; what was done to `out`. */
int sbk_segment_export(struct sbk_journal *journal, const char *path,
		       uint64_t most, struct sbk_buf *out,
		       struct sbk_error *err);
int sbk_cmd_journal_export(struct sbk_cli *cli, int argc, char **argv);
extern const struct sbk_option sbk_journal_export_options[];
int sbk_cmd_journal_drop(struct sbk_cli *cli, int argc, char **argv);
extern const struct sbk_option sbk_journal_drop_options[];

/* cmd_log.c */
int sbk_cmd_journal_key(struct sbk_cli *cli, int argc, char **argv);
int sbk_cmd_journal_checkpoint(struct sbk_cli *cli, int argc, char **argv);
int sbk_cmd_journal_proof(struct sbk_cli *cli, int argc, char **argv);
int sbk_cmd_journal_consistency(struct sbk_cli *cli, int argc, char **argv);
/* fetch.c: the errand's side. */
#define SBK_FETCH_OPTION "errand"
int sbk_cmd_journal_errand(void);
extern const struct sbk_option sbk_journal_key_options[];
extern const struct sbk_option sbk_journal_checkpoint_options[];
extern const struct sbk_option sbk_journal_proof_options[];

int sbk_cmd_undo(struct sbk_cli *cli, int argc, char **argv);
extern const struct sbk_option sbk_undo_options[];

/* cmd_witness.c */
int sbk_cmd_journal_witness(struct sbk_cli *cli, int argc, char **argv);
extern const struct sbk_option sbk_journal_witness_options[];
/*
 * For `journal verify`: of a person's journal what the machine's log has seen
 * of it to `note` (empty: nothing); of the machine's, what it has seen of
 * everybody. Lines for people to `text`. Fails only without memory.
 */
int sbk_witness_look_up(struct sbk_journal *journal,
			const struct sbk_journal_place *place,
			struct sbk_buf *note, struct sbk_buf *text,
			struct sbk_error *err);

#endif
