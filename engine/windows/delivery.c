/*
 * Setup's side of the handover. Owns the order: nothing is enabled before the
 * person's process has kept every password, in the person's journal, and shown
 * that it opens. delivery_person.c is the other side.
 */
#include "engine/windows/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/os.h"
#include "engine/windows/handover.h"
#include "engine/windows/keyring.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

#define KEEP_MS 120000 /* until the person's process has kept them */

struct sbk_setup_delivery {
	struct sbk_handover *handover;
	struct sbk_owner person;
};

int sbk_setup_delivery_join(const char *name, struct sbk_setup_delivery **out,
			    struct sbk_person *person, struct sbk_error *err)
{
	struct sbk_setup_delivery *d = calloc(1, sizeof(*d));
	struct sbk_sid_text text;
	struct sbk_sid sid;
	int rc;

	if (d == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_handover_join(name, &d->handover, &sid, err);
	if (rc < 0) {
		free(d);
		return rc;
	}
	*out = d;
	(void)snprintf(d->person.text, sizeof(d->person.text), "%s",
		       sbk_sid_format(&sid, &text));
	return sbk_os_person_by_id(&d->person, person, err);
}

bool sbk_setup_delivery_is_to(const struct sbk_setup_delivery *delivery,
			      const struct sbk_owner *person)
{
	return delivery != NULL && sbk_owner_equal(&delivery->person, person);
}

void sbk_setup_delivery_end(struct sbk_setup_delivery *d, const char *why)
{
	if (d == NULL)
		return;
	/* Words for people: what counts is what the machine has by now, and
	 * who does not hear this looks there all the same. */
	(void)sbk_handover_end(d->handover, why, NULL);
	sbk_handover_close(d->handover);
	free(d);
}

static int fill(const struct sbk_nt_setup *setup, enum sbk_nt_role role,
		const char *sid, struct sbk_handover_secret *out,
		struct sbk_error *err)
{
	struct sbk_keyring *ring = sbk_host_keyring(setup->backend);
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	const char *password;
	struct sbk_sid parsed;
	int rc = sbk_sid_parse(sid, strlen(sid), &parsed, err);

	sbk_nt_setup_name(role, setup->number, name);
	if (rc == 0 && ring != NULL && setup->stood[role])
		rc = sbk_keyring_make(ring, name, sbk_win32_random, err);
	if (rc == 0)
		rc = sbk_secret_label(&out->label, name, &parsed,
				      setup->installation, err);
	password = ring != NULL ? sbk_keyring_look(ring, name) : NULL;
	if (rc == 0 && password == NULL)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "'%s' was made by another meanwhile: try "
				   "again",
				   name);
	if (rc == 0)
		(void)snprintf(out->password, sizeof(out->password), "%s",
			       password);
	return rc;
}

static int deliver(void *arg, const struct sbk_nt_setup *setup,
		   const char *const sids[SBK_NT_ROLE_COUNT],
		   struct sbk_error *err)
{
	const struct sbk_setup_delivery *d = arg;
	struct sbk_handover_secrets *secrets = sodium_malloc(sizeof(*secrets));
	int role, rc = 0;

	if (secrets == NULL)
		return sbk_error_no_memory(err);
	memset(secrets, 0, sizeof(*secrets));
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		rc = fill(setup, (enum sbk_nt_role)role, sids[role],
			  &secrets->items[role], err);
		secrets->count++;
	}
	if (rc == 0)
		rc = sbk_handover_give(d->handover, secrets, KEEP_MS, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "handing the passwords over");
	/* Kept and proved: a stop from here on leaves a password that does not
	 * open its account, whose remedy is the same command. */
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++)
		if (setup->stood[role])
			rc = sbk_secret_reset(&secrets->items[role].label,
					      secrets->items[role].password,
					      err);
	sodium_free(secrets); /* and wiped */
	return rc;
}

void sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
			    struct sbk_nt_setup *setup)
{
	setup->deliver = deliver;
	setup->deliver_arg = delivery;
}
