/*
 * The difference between two descriptors as lines for people. Says something
 * exactly where sbk_sd_equal says that they differ; changes nothing.
 *
 * Entries of two lists are matched by their bytes: what is equal at both ends
 * is set aside, the rest by a longest common subsequence. Hostile lists can
 * make that rest too large for it; then the rest is told as taken out and
 * put in, which is longer and as true.
 */
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define CELLS_MAX ((size_t)1 << 20) /* of the table of common lengths */

struct entry {
	const uint8_t *bytes;
	uint16_t size;
	bool is_common; /* in both lists, in this order */
	bool is_moved;	/* in both lists, elsewhere */
};

struct entries {
	struct entry *list;
	size_t count;
};

struct diff {
	const struct sbk_sddl_options *options;
	struct sbk_arena *arena;
	struct sbk_buf *out;
	char letter; /* D or S: of the list at hand */
};

static bool same(const struct entry *a, const struct entry *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void list_entries(struct diff *d, const struct sbk_nt_acl *acl,
			 struct entries *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	out->count = 0;
	out->list = sbk_arena_alloc(d->arena,
				    (acl->count + 1u) * sizeof(*out->list));
	if (out->list == NULL) {
		d->out->failure = SBK_E_NOMEM;
		return;
	}
	while (sbk_nt_acl_next(acl, &at, &ace))
		out->list[out->count++] =
			(struct entry){.bytes = ace.bytes, .size = ace.size};
}

/*
 * A longest common subsequence of a[0..n) and b[0..m), marked in both:
 * length[i * (m + 1) + j] is that of a[i..n) and b[j..m).
 */
static void mark_common(struct diff *d, struct entry *a, size_t n,
			struct entry *b, size_t m)
{
	size_t i, j, row = m + 1;
	uint16_t *length;

	if (n == 0 || m == 0 || (n + 1) > CELLS_MAX / row)
		return;
	length = sbk_arena_alloc(d->arena, (n + 1) * row * sizeof(*length));
	if (length == NULL) {
		d->out->failure = SBK_E_NOMEM;
		return;
	}
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;) {
			uint16_t *cell = &length[i * row + j];

			if (same(&a[i], &b[j]))
				*cell = (uint16_t)(cell[row + 1] + 1);
			else
				*cell = cell[row] > cell[1] ? cell[row]
							    : cell[1];
		}
	for (i = j = 0; i < n && j < m;) {
		if (same(&a[i], &b[j]))
			a[i++].is_common = b[j++].is_common = true;
		else if (length[(i + 1) * row + j] >= length[i * row + j + 1])
			i++;
		else
			j++;
	}
}

/* What both lists have and no order joins: the same entry elsewhere. */
static void mark_moved(struct entry *a, size_t n, struct entry *b, size_t m)
{
	size_t i, j;

	if (n > 0 && m > CELLS_MAX / n)
		return;
	for (i = 0; i < n; i++)
		for (j = 0; j < m && !a[i].is_common && !a[i].is_moved; j++)
			if (!b[j].is_common && !b[j].is_moved &&
			    same(&a[i], &b[j]))
				a[i].is_moved = b[j].is_moved = true;
}

static void match(struct diff *d, struct entries *a, struct entries *b)
{
	size_t first = 0, n = a->count, m = b->count;

	while (first < n && first < m &&
	       same(&a->list[first], &b->list[first])) {
		a->list[first].is_common = b->list[first].is_common = true;
		first++;
	}
	while (n > first && m > first &&
	       same(&a->list[n - 1], &b->list[m - 1])) {
		a->list[--n].is_common = true;
		b->list[--m].is_common = true;
	}
	mark_common(d, a->list + first, n - first, b->list + first, m - first);
	mark_moved(a->list + first, n - first, b->list + first, m - first);
}

static void end_line(struct diff *d)
{
	sbk_buf_addc(d->out, '\0');
}

static void tell_entry(struct diff *d, char sign, const struct entry *entry)
{
	struct sbk_ace ace;

	if (sbk_ace_read(entry->bytes, entry->size, &ace, NULL) < 0)
		return; /* it was read before: cannot be */
	sbk_buf_printf(d->out, "%c %c:%s", sign, d->letter,
		       sign == ' ' ? " moved " : "");
	sbk_sddl_describe_ace(&ace, d->options, d->out);
	end_line(d);
}

static void tell_entries(struct diff *d, const struct entries *a,
			 const struct entries *b)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		if (i < a->count && !a->list[i].is_common) {
			if (!a->list[i].is_moved)
				tell_entry(d, '-', &a->list[i]);
			i++;
		} else if (j < b->count && !b->list[j].is_common) {
			tell_entry(d, b->list[j].is_moved ? ' ' : '+',
				   &b->list[j]);
			j++;
		} else {
			i++;
			j++;
		}
	}
}

/* What a list says beside its entries: revision and reserved bytes. */
static void tell_header(struct diff *d, char sign, const struct sbk_nt_acl *acl)
{
	sbk_buf_printf(d->out, "%c %c: revision %u", sign, d->letter,
		       acl->revision);
	if (acl->bytes[1] != 0 || get_u16le(acl->bytes + 6) != 0)
		sbk_buf_printf(d->out, ", reserved 0x%02x 0x%04x",
			       acl->bytes[1], get_u16le(acl->bytes + 6));
	end_line(d);
}

static bool same_header(const struct sbk_nt_acl *a, const struct sbk_nt_acl *b)
{
	return memcmp(a->bytes, b->bytes, 2) == 0 &&
	       memcmp(a->bytes + 6, b->bytes + 6, 2) == 0;
}

/* A list that the other side does not have, or that is none. */
static void tell_whole(struct diff *d, char sign, enum sbk_acl_presence is,
		       const struct sbk_nt_acl *acl)
{
	const char *text = is == SBK_ACL_ABSENT ? "absent"
			   : is == SBK_ACL_NULL ? "NULL"
						: "empty";
	struct entries all;
	size_t i;

	if (is != SBK_ACL_PRESENT || acl->count == 0) {
		sbk_buf_printf(d->out, "%c %c: %s", sign, d->letter, text);
		end_line(d);
		return;
	}
	list_entries(d, acl, &all);
	for (i = 0; i < all.count; i++)
		tell_entry(d, sign, &all.list[i]);
}

static void diff_acl(struct diff *d, char letter, enum sbk_acl_presence a_is,
		     const struct sbk_nt_acl *a, enum sbk_acl_presence b_is,
		     const struct sbk_nt_acl *b)
{
	struct entries of_a, of_b;

	d->letter = letter;
	if (a_is != b_is) {
		tell_whole(d, '-', a_is, a);
		tell_whole(d, '+', b_is, b);
		return;
	}
	if (a_is != SBK_ACL_PRESENT)
		return;
	if (!same_header(a, b)) {
		tell_header(d, '-', a);
		tell_header(d, '+', b);
	}
	list_entries(d, a, &of_a);
	list_entries(d, b, &of_b);
	if (sbk_buf_failed(d->out, NULL) < 0)
		return;
	match(d, &of_a, &of_b);
	tell_entries(d, &of_a, &of_b);
}

static void tell_sid(struct diff *d, char sign, char letter,
		     const struct sbk_sid *sid)
{
	const char *alias = sbk_sid_alias(sid, &d->options->domains);
	struct sbk_sid_text text;

	sbk_buf_printf(d->out, "%c %c:%s", sign, letter,
		       alias != NULL ? alias : sbk_sid_format(sid, &text));
	end_line(d);
}

static void diff_sid(struct diff *d, char letter, bool has_a,
		     const struct sbk_sid *a, bool has_b,
		     const struct sbk_sid *b)
{
	if (has_a && has_b && sbk_sid_equal(a, b))
		return;
	if (has_a)
		tell_sid(d, '-', letter, a);
	if (has_b)
		tell_sid(d, '+', letter, b);
}

/* Presence and the form have lines of their own, or none. */
static const struct {
	uint16_t bit;
	const char *text;
} control_bits[] = {
	{SBK_SD_DACL_PROTECTED, "D:P"},
	{SBK_SD_DACL_INHERIT_REQ, "D:AR"},
	{SBK_SD_DACL_INHERITED, "D:AI"},
	{SBK_SD_SACL_PROTECTED, "S:P"},
	{SBK_SD_SACL_INHERIT_REQ, "S:AR"},
	{SBK_SD_SACL_INHERITED, "S:AI"},
	{SBK_SD_OWNER_DEFAULTED, "owner defaulted"},
	{SBK_SD_GROUP_DEFAULTED, "group defaulted"},
	{SBK_SD_DACL_DEFAULTED, "DACL defaulted"},
	{SBK_SD_SACL_DEFAULTED, "SACL defaulted"},
	{SBK_SD_DACL_TRUSTED, "DACL trusted"},
	{SBK_SD_SERVER_SECURITY, "server security"},
	{SBK_SD_RM_CONTROL_VALID, "RM control valid"},
};

static void diff_control(struct diff *d, const struct sbk_sd *a,
			 const struct sbk_sd *b)
{
	size_t i;

	for (i = 0; i < sizeof(control_bits) / sizeof(control_bits[0]); i++) {
		uint16_t bit = control_bits[i].bit;

		if (((a->control ^ b->control) & bit) == 0)
			continue;
		sbk_buf_printf(d->out, "%c control: %s",
			       a->control & bit ? '-' : '+',
			       control_bits[i].text);
		end_line(d);
	}
	if (a->rm_control == b->rm_control)
		return;
	sbk_buf_printf(d->out, "- RM control: 0x%02x", a->rm_control);
	end_line(d);
	sbk_buf_printf(d->out, "+ RM control: 0x%02x", b->rm_control);
	end_line(d);
}

void sbk_sd_diff(const struct sbk_sd *a, const struct sbk_sd *b,
		 const struct sbk_sid_domains *domains, struct sbk_buf *out)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_sddl_options options = {.domains = {.machine = NULL}};
	struct diff d = {.options = &options, .arena = &arena, .out = out};

	if (domains != NULL)
		options.domains = *domains;
	diff_sid(&d, 'O', a->has_owner, &a->owner, b->has_owner, &b->owner);
	diff_sid(&d, 'G', a->has_group, &a->group, b->has_group, &b->group);
	diff_control(&d, a, b);
	diff_acl(&d, 'D', a->dacl_is, &a->dacl, b->dacl_is, &b->dacl);
	diff_acl(&d, 'S', a->sacl_is, &a->sacl, b->sacl_is, &b->sacl);
	sbk_arena_release(&arena);
}
