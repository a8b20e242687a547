/*
 * What keeps the Offline accounts off the network, as data: one provider, one
 * sublayer and the filters of the Windows Filtering Platform, computed from who
 * is enrolled. Portable, and tested on any system; filters.c carries it to the
 * system.
 *
 * For each account, on IPv4 and on IPv6: to connect (which for UDP and ICMP is
 * to send), to accept (to receive), and to listen are blocked, whatever the
 * protocol and wherever it goes, loopback included. Permitted above that is to
 * connect by TCP to the loopback address and a range of ports, where a proxy of
 * the person's may be.
 *
 * The state, one object a line, in the order of their numbers:
 *
 *	provider 53420000-0123-4567-89ab-cdef01234567
 *	sublayer 53420001-0123-4567-89ab-cdef01234567 weight 65535
 *	filter 53420002-... layer connect4 block weight 1 user S-1-5-21-...
 *	filter 53420008-... layer connect4 permit weight 14 user S-1-5-21-...
 *		tcp loopback ports 47100-47115      (on the same line)
 *
 * "filter <GUID> other" is one of ours that is none of these: altered; "other
 * transient" goes with the next restart, "other disabled" filters nothing. The
 * same words stand behind the line of a provider or a sublayer of which that is
 * so ("FWPM_PROVIDER0 structure": the system disables a provider's filters).
 *
 * A GUID is 0x5342 and the object's number, then 12 bytes of the id of the
 * installation: it is known for ours without the journal.
 */
#ifndef SBK_WINDOWS_FILTER_RULES_H
#define SBK_WINDOWS_FILTER_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/ntsec/sid.h"
#include "engine/object.h"

#define SBK_INSTALLATION_DIGITS 32
#define SBK_FILTER_USERS_MAX 256
#define SBK_FILTERS_PER_USER 8
#define SBK_GUID_TEXT 37 /* bytes of one as text, with its end */

/* Laid out as the system's GUID. */
struct sbk_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

enum sbk_filter_layer {
	SBK_FILTER_CONNECT4,
	SBK_FILTER_CONNECT6,
	SBK_FILTER_ACCEPT4,
	SBK_FILTER_ACCEPT6,
	SBK_FILTER_LISTEN4,
	SBK_FILTER_LISTEN6,
	SBK_FILTER_LAYER_COUNT
};

/* How one is not what is made, as far as its flags say it. */
enum sbk_filter_flaw {
	SBK_FILTER_NO_FLAW,
	SBK_FILTER_TRANSIENT, /* not kept over a restart */
	SBK_FILTER_DISABLED,
	SBK_FILTER_FLAW_COUNT
};

struct sbk_filter {
	struct sbk_guid key;
	bool is_other; /* the key and the flaw are all that is known */
	enum sbk_filter_flaw flaw; /* of one that is other */
	enum sbk_filter_layer layer;
	bool permit;
	uint8_t weight;
	struct sbk_sid user;
	uint16_t first_port, last_port; /* of a permit; 0 else */
};

struct sbk_filter_set {
	bool has_provider, has_sublayer;
	struct sbk_guid provider, sublayer;
	enum sbk_filter_flaw provider_flaw, sublayer_flaw;
	uint16_t weight; /* of the sublayer */
	struct sbk_filter *filters;
	size_t count, room;
};

/* "", "transient", "disabled" */
const char *sbk_filter_flaw_word(enum sbk_filter_flaw flaw);

void sbk_guid_format(const struct sbk_guid *guid, char out[SBK_GUID_TEXT]);
bool sbk_guid_parse(const char *text, size_t size, struct sbk_guid *out);
/* Whether both are of one installation's. */
bool sbk_guid_is_kin(const struct sbk_guid *a, const struct sbk_guid *b);

/* The name of the object: the provider's GUID. SBK_E_INVAL where `installation`
 * is not 32 hexadecimal digits. */
int sbk_filters_name(const char *installation, char out[SBK_GUID_TEXT],
		     struct sbk_error *err);
/*
 * Appends the state in which the `users` are kept off the network, but for
 * these ports (1 to 65535, first to last) of loopback; absent where there is
 * no user. SBK_E_INVAL, SBK_E_LIMIT.
 */
int sbk_filters_want(struct sbk_buf *out, const char *installation,
		     const struct sbk_sid *users, size_t count,
		     uint16_t first_port, uint16_t last_port,
		     struct sbk_error *err);

/*
 * Appends what `current` becomes when the users whom a change from `before` to
 * `after` kept off the network are let go, and all others stay, whoever was
 * enrolled since. Where others altered filters, and so hide whom they were
 * for, those of `before` are made again as well. SBK_E_PARSE.
 */
int sbk_filters_without(struct sbk_buf *out, struct sbk_state before,
			struct sbk_state after, struct sbk_state current,
			struct sbk_error *err);

/* Adds one; SBK_E_NOMEM. */
int sbk_filter_set_add(struct sbk_filter_set *set,
		       const struct sbk_filter *filter, struct sbk_error *err);
/* Appends the state; the filters are sorted first. */
void sbk_filter_set_encode(struct sbk_filter_set *set, struct sbk_buf *out);
/* Whether provider or sublayer have another flag than they are made with. */
bool sbk_filter_set_has_flaw(const struct sbk_filter_set *set);
/* Whether nothing is missing or altered of what keeps each of its users off the
 * network. */
bool sbk_filter_set_is_whole(const struct sbk_filter_set *set);
/* Whether this user's packets are blocked on every layer, as far as the set
 * itself tells: nothing of it is altered, and what it permits is TCP to the
 * loopback. */
bool sbk_filter_set_holds(const struct sbk_filter_set *set,
			  const struct sbk_sid *user);
/* One form and no other: SBK_E_PARSE. The caller releases the set always. */
int sbk_filter_set_parse(struct sbk_filter_set *set, struct sbk_state state,
			 struct sbk_error *err);
void sbk_filter_set_release(struct sbk_filter_set *set);

#endif
