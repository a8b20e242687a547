/*
 * sandbook sd: security descriptors of Windows for people, on any system. What
 * the files of the command share.
 */
#ifndef SBK_SD_COMMAND_H
#define SBK_SD_COMMAND_H

#include "engine/buf.h"
#include "engine/cli.h"
#include "engine/ntsec/access.h"
#include "engine/ntsec/sddl.h"

/* A descriptor that was named on the command line. */
struct sbk_sd_input {
	struct sbk_buf text;  /* what was read: SDDL, where it is that */
	struct sbk_buf bytes; /* self-relative; `sd` points into it */
	struct sbk_sd sd;
	bool is_sddl;
};

#define SBK_SD_INPUT_INIT                                   \
	{                                                   \
		.text = SBK_BUF_INIT, .bytes = SBK_BUF_INIT \
	}

/*
 * Reads `name`: SDDL where it begins like that (a letter of O, G, D, S and a
 * colon), standard input where it is "-", else a file. What a file holds may
 * be self-relative bytes, SDDL, or bytes in hexadecimal. SBK_E_PARSE with the
 * offset into input->text.
 */
int sbk_sd_input_read(struct sbk_sd_input *input, const char *name,
		      const struct sbk_sddl_options *options,
		      struct sbk_error *err);
void sbk_sd_input_release(struct sbk_sd_input *input);

/* The line of `text` around `offset`, and below it a caret. */
void sbk_sd_caret(struct sbk_buf *out, const char *text, size_t size,
		  size_t offset);

/* A table for people; fields for programs, in the object that is open. */
void sbk_sd_explain(const struct sbk_sd *sd, enum sbk_nt_object object,
		    const struct sbk_sddl_options *options,
		    struct sbk_buf *out);
void sbk_sd_explain_json(const struct sbk_sd *sd, enum sbk_nt_object object,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *out);

/* What a check of `sd` said: lines for people; an object for programs. */
void sbk_sd_check_text(const struct sbk_access_result *result,
		       const struct sbk_sd *sd, enum sbk_nt_object object,
		       const struct sbk_sddl_options *options,
		       struct sbk_buf *out);
void sbk_sd_check_json(const struct sbk_access_result *result,
		       const struct sbk_sd *sd, enum sbk_nt_object object,
		       const struct sbk_sddl_options *options,
		       struct sbk_buf *out);

/* A token, and the lists that it borrows. */
struct sbk_sd_token {
	struct sbk_token token;
	struct sbk_group *groups, *restricting, *capabilities;
};

/*
 * Reads a token's description (sandbook(1) has its keys). `name` is for
 * messages, which have line and column. SBK_E_PARSE, SBK_E_LIMIT.
 */
int sbk_sd_token_read(struct sbk_sd_token *out, const char *name,
		      const char *text, size_t size,
		      const struct sbk_sid_domains *domains,
		      struct sbk_error *err);
void sbk_sd_token_release(struct sbk_sd_token *token);

/* A SID as people write it: "S-1-...", or the two letters of SDDL. */
int sbk_sd_parse_sid(const char *text, const struct sbk_sid_domains *domains,
		     struct sbk_sid *out, struct sbk_error *err);

extern const struct sbk_command sbk_command_sd;

#endif
