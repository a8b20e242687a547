/*
 * What crosses the pipe of the handover (handover.h), and what it proves.
 * Portable. A message is SBK_HANDOVER_BYTES long, whichever it is; numbers are
 * little-endian, texts end with a zero byte, what is not used is zero.
 *
 *	4   "SBKH"
 *	4   version
 *	4   enum sbk_handover_type
 *	    the body
 */
#ifndef SBK_WINDOWS_HANDOVER_RULES_H
#define SBK_WINDOWS_HANDOVER_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/windows/secret.h"

#define SBK_HANDOVER_VERSION 1
#define SBK_HANDOVER_BYTES 1024
#define SBK_HANDOVER_MAX 2 /* secrets of one handover */
#define SBK_HANDOVER_WHY_MAX 400
#define SBK_HANDOVER_NONCE_BYTES 32
#define SBK_HANDOVER_PROOF_BYTES 32
#define SBK_HANDOVER_NAME_SIZE 42 /* "sandbook-", 32 digits, the end */

enum sbk_handover_type {
	SBK_HANDOVER_SECRETS = 1, /* setup: nonce, count, secrets */
	SBK_HANDOVER_PROOFS,	  /* the user: a proof each */
	SBK_HANDOVER_REFUSED,	  /* either: why */
	SBK_HANDOVER_DONE	  /* setup: the accounts are enabled */
};

struct sbk_handover_secret {
	struct sbk_secret_label label;
	char password[SBK_PASSWORD_CHARACTERS + 1];
};

struct sbk_handover_secrets {
	size_t count;
	struct sbk_handover_secret items[SBK_HANDOVER_MAX];
};

struct sbk_handover_message {
	enum sbk_handover_type type;
	uint8_t nonce[SBK_HANDOVER_NONCE_BYTES];
	struct sbk_handover_secrets secrets; /* of PROOFS its count alone */
	uint8_t proofs[SBK_HANDOVER_MAX][SBK_HANDOVER_PROOF_BYTES];
	char why[SBK_HANDOVER_WHY_MAX];
};

/* Whether a name on a command line has the form of a pipe's of ours. */
bool sbk_handover_name_is_ours(const char *name);
/* `out` has SBK_HANDOVER_BYTES. */
int sbk_handover_write(const struct sbk_handover_message *message, uint8_t *out,
		       struct sbk_error *err);
/* Of SBK_HANDOVER_BYTES. SBK_E_PARSE, SBK_E_UNSUPPORTED (another version). */
int sbk_handover_read(const uint8_t *bytes, struct sbk_handover_message *out,
		      struct sbk_error *err);
/*
 * That whoever makes it has this secret: a keyed hash, by the nonce, of its
 * state and its password.
 */
int sbk_handover_proof(const uint8_t nonce[SBK_HANDOVER_NONCE_BYTES],
		       const struct sbk_secret_label *label,
		       const char *password,
		       uint8_t out[SBK_HANDOVER_PROOF_BYTES],
		       struct sbk_error *err);

#endif
