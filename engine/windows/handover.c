/* See the header. Owns what is due when, and that whatever holds a password is
 * locked and wiped. */
#include "engine/windows/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/windows/pipe_end.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_token.h"

#include "engine/banned.h"

/* Whoever listens reads at once. */
#define WRITE_MS 10000
#define LOOK_MS 250 /* between two looks whether setup is still there */

struct sbk_handover {
	HANDLE pipe;
	struct sbk_sid other;		     /* who else may open it */
	struct sbk_handover_message message; /* the last one */
	uint8_t bytes[SBK_HANDOVER_BYTES];
};

static int begin(struct sbk_handover **out, struct sbk_error *err)
{
	static const uint32_t administrators[] = {32, 544};
	struct sbk_handover *handover = NULL;

	if (sodium_init() >= 0)
		handover = sodium_malloc(sizeof(*handover));
	if (handover == NULL)
		return sbk_error_no_memory(err);
	sodium_memzero(handover, sizeof(*handover));
	handover->other = sbk_sid_make(5, administrators, 2);
	*out = handover;
	return 0;
}

void sbk_handover_close(struct sbk_handover *handover)
{
	if (handover == NULL)
		return;
	sbk_win32_close(&handover->pipe);
	sodium_free(handover); /* wipes */
}

/* --- messages ------------------------------------------------------------- */

static int send_message(struct sbk_handover *handover, struct sbk_error *err)
{
	int rc = sbk_handover_write(&handover->message, handover->bytes, err);

	if (rc == 0)
		rc = sbk_win32_write_within(handover->pipe, handover->bytes,
					    sizeof(handover->bytes), WRITE_MS,
					    err);
	sodium_memzero(handover->bytes, sizeof(handover->bytes));
	return rc;
}

/* A message of this type, or that nothing comes any more (to the user), or the
 * other's reason why there is none. */
static int receive_message(struct sbk_handover *handover,
			   enum sbk_handover_type type, DWORD milliseconds,
			   struct sbk_error *err)
{
	struct sbk_handover_message *message = &handover->message;
	int rc = sbk_pipe_read_all(handover->pipe, handover->bytes,
				   sizeof(handover->bytes), milliseconds, err);

	if (rc == 0)
		rc = sbk_handover_read(handover->bytes, message, err);
	sodium_memzero(handover->bytes, sizeof(handover->bytes));
	if (rc < 0)
		return rc;
	if (message->type == SBK_HANDOVER_REFUSED)
		return sbk_error_set(err, SBK_E_INCOMPLETE, "%s", message->why);
	if (message->type != type && (type != SBK_HANDOVER_SECRETS ||
				      message->type != SBK_HANDOVER_DONE))
		return sbk_error_set(err, SBK_E_PARSE,
				     "a message of the handover came that was "
				     "not due");
	return 0;
}

static void clear_message(struct sbk_handover *handover)
{
	sodium_memzero(&handover->message, sizeof(handover->message));
}

/* --- the user's side ------------------------------------------------------ */

int sbk_handover_offer(struct sbk_handover **out,
		       char name[SBK_HANDOVER_NAME_SIZE], struct sbk_error *err)
{
	struct sbk_handover *handover = NULL;
	int rc = begin(&handover, err);

	if (rc == 0)
		rc = sbk_pipe_make(&handover->other, name, &handover->pipe,
				   err);
	if (rc == 0)
		*out = handover;
	else
		sbk_handover_close(handover);
	return rc;
}

/* Administrators enabled in the token of who opened it. */
static int check_elevated(HANDLE pipe, struct sbk_error *err)
{
	struct sbk_token_seen seen;
	HANDLE token = NULL;
	int rc = sbk_win32_client_token(pipe, &token, err);

	if (rc == 0)
		rc = sbk_win32_token_look(token, &seen, err);
	sbk_win32_close(&token);
	if (rc == 0 && !seen.has_administrators)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "sandbook-setup does not run as an "
				   "administrator");
	return rc;
}

/* Until it is there, or has ended without: then nobody waits for it. */
static int connect_while_alive(HANDLE pipe, HANDLE setup, DWORD milliseconds,
			       struct sbk_error *err)
{
	DWORD left = milliseconds, part;
	int rc;

	do {
		part = left < LOOK_MS ? left : LOOK_MS;
		left -= part;
		rc = sbk_win32_connect(pipe, part, err);
		if (rc == SBK_E_BUSY && sbk_win32_wait(setup, 0, err) == 1)
			return sbk_error_set(err, SBK_E_NOTFOUND,
					     "sandbook-setup ended before it "
					     "asked for anything");
	} while (rc == SBK_E_BUSY && left > 0);
	return rc;
}

int sbk_handover_accept(struct sbk_handover *handover, HANDLE setup,
			DWORD milliseconds, struct sbk_error *err)
{
	DWORD process = 0;
	uint8_t hello = 0;
	int rc = sbk_win32_process_id(setup, &process, err);

	if (rc == 0)
		rc = connect_while_alive(handover->pipe, setup, milliseconds,
					 err);
	if (rc == 0)
		rc = sbk_pipe_check_client(handover->pipe, process, err);
	if (rc == 0)
		rc = sbk_pipe_shut(handover->pipe, err);
	/* Its token is there once something of it was read. */
	if (rc == 0)
		rc = sbk_pipe_read_all(handover->pipe, &hello, 1, milliseconds,
				       err);
	if (rc == 0 && hello != SBK_HANDOVER_VERSION)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "sandbook-setup is of another build");
	return rc < 0 ? rc : check_elevated(handover->pipe, err);
}

int sbk_handover_receive(struct sbk_handover *handover, DWORD milliseconds,
			 const struct sbk_handover_secrets **out,
			 struct sbk_error *err)
{
	int rc = receive_message(handover, SBK_HANDOVER_SECRETS, milliseconds,
				 err);

	if (rc == 0)
		*out = handover->message.type == SBK_HANDOVER_SECRETS
			       ? &handover->message.secrets
			       : NULL;
	return rc;
}

/* What was received is what is kept, and it opens. */
static int prove_one(struct sbk_handover *handover, size_t i,
		     const struct sbk_store *store, struct sbk_error *err)
{
	struct sbk_handover_message *message = &handover->message;
	const struct sbk_handover_secret *item = &message->secrets.items[i];
	struct sbk_secret secret = SBK_SECRET_INIT;
	int rc = sbk_secret_open(store, item->label.account, &secret, err);

	if (rc == 0)
		rc = sbk_handover_proof(message->nonce, &secret.label,
					secret.password, message->proofs[i],
					err);
	sbk_secret_release(&secret);
	return rc;
}

int sbk_handover_prove(struct sbk_handover *handover,
		       const struct sbk_store *store, struct sbk_error *err)
{
	const size_t count = handover->message.secrets.count;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++)
		rc = prove_one(handover, i, store, err);
	if (rc == 0) {
		handover->message.type = SBK_HANDOVER_PROOFS;
		rc = send_message(handover, err);
	}
	clear_message(handover);
	return rc;
}

static int send_end(struct sbk_handover *handover, const char *why,
		    struct sbk_error *err)
{
	clear_message(handover);
	handover->message.type =
		why != NULL ? SBK_HANDOVER_REFUSED : SBK_HANDOVER_DONE;
	if (why != NULL)
		(void)snprintf(handover->message.why,
			       sizeof(handover->message.why), "%s", why);
	return send_message(handover, err);
}

void sbk_handover_refuse(struct sbk_handover *handover, const char *why)
{
	/* Closing the pipe says as much. */
	(void)send_end(handover, why, NULL);
	clear_message(handover);
}

const char *sbk_handover_why(const struct sbk_handover *handover)
{
	return handover->message.type == SBK_HANDOVER_REFUSED
		       ? handover->message.why
		       : NULL;
}

int sbk_handover_ended(struct sbk_handover *handover, DWORD milliseconds,
		       struct sbk_error *err)
{
	return receive_message(handover, SBK_HANDOVER_DONE, milliseconds, err);
}

/* --- setup's side --------------------------------------------------------- */

int sbk_handover_join(const char *name, struct sbk_handover **out,
		      struct sbk_sid *person, struct sbk_error *err)
{
	const uint8_t hello = SBK_HANDOVER_VERSION;
	struct sbk_handover *handover = NULL;
	struct sbk_sid owner;
	int rc = begin(&handover, err);

	if (rc == 0)
		rc = sbk_pipe_join(name, &handover->pipe, &owner, err);
	/* As it was made, or shut since: in this order, for it is shut only
	 * once, and at any time. */
	if (rc == 0 &&
	    sbk_pipe_check(handover->pipe, &owner, &handover->other, NULL) < 0)
		rc = sbk_pipe_check(handover->pipe, &owner, NULL, err);
	if (rc == 0)
		rc = sbk_win32_write_within(handover->pipe, &hello, 1, WRITE_MS,
					    err);
	if (rc == 0) {
		*person = owner;
		*out = handover;
	} else {
		sbk_handover_close(handover);
	}
	return rc;
}

/* The proofs are those of what was given, and of nothing else. */
static int check_proofs(struct sbk_handover *handover,
			const struct sbk_handover_secrets *secrets,
			const uint8_t nonce[SBK_HANDOVER_NONCE_BYTES],
			struct sbk_error *err)
{
	uint8_t wanted[SBK_HANDOVER_PROOF_BYTES];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < secrets->count; i++) {
		rc = sbk_handover_proof(nonce, &secrets->items[i].label,
					secrets->items[i].password, wanted,
					err);
		if (rc == 0 &&
		    (handover->message.secrets.count != secrets->count ||
		     sodium_memcmp(wanted, handover->message.proofs[i],
				   sizeof(wanted)) != 0))
			rc = sbk_error_set(
				err, SBK_E_INCOMPLETE,
				"the password of '%s' was handed "
				"over, and does not open at its user",
				secrets->items[i].label.account);
	}
	return rc;
}

int sbk_handover_give(struct sbk_handover *handover,
		      const struct sbk_handover_secrets *secrets,
		      DWORD milliseconds, struct sbk_error *err)
{
	uint8_t nonce[SBK_HANDOVER_NONCE_BYTES];
	int rc;

	randombytes_buf(nonce, sizeof(nonce));
	clear_message(handover);
	handover->message.type = SBK_HANDOVER_SECRETS;
	handover->message.secrets = *secrets;
	memcpy(handover->message.nonce, nonce, sizeof(nonce));
	rc = send_message(handover, err);
	clear_message(handover);
	if (rc == 0)
		rc = receive_message(handover, SBK_HANDOVER_PROOFS,
				     milliseconds, err);
	if (rc == 0)
		rc = check_proofs(handover, secrets, nonce, err);
	clear_message(handover);
	return rc;
}

int sbk_handover_end(struct sbk_handover *handover, const char *why,
		     struct sbk_error *err)
{
	return send_end(handover, why, err);
}
