/*
 * The access check: asks the SACL, the privileges and up to three passes over
 * the DACL, and keeps what all of them leave. Owns the order in which they are
 * asked and the reason that is told. Refuses nothing; pure.
 *
 * Invariants: `sure` is within `possible`; both only shrink; a right that is
 * possible but not sure at the end is undecided. The reason of a denial is the
 * first stage that takes a right asked for by name; of a doubt, the first that
 * leaves one; of a grant, the last pass that had to grant.
 *
 * The order is Windows' own (integrity before the DACL: "Mandatory Integrity
 * Control"; privileges and ownership before its entries: MS-DTYP 2.5.3.2). It
 * matters for the reasons only: what is left does not depend on it.
 */
#include <string.h>

#include "engine/ntsec/access_pass.h"

#include "engine/banned.h"

struct verdict {
	uint32_t sure, possible;
	struct sbk_access_reason deny, doubt, grant;
};

/*
 * What a stage leaves. A pass over the DACL says `by_entry` of what an entry
 * takes, `by_none` of what no entry grants; the label has its reason ready.
 */
struct stage {
	uint32_t sure, possible;
	const struct sbk_access_pass *pass;
	enum sbk_access_who who;
	enum sbk_access_cause by_entry, by_none;
	struct sbk_access_reason deny, doubt;
};

/*
 * The entry that denied, or left in doubt, one of `rights`. The pass remembers
 * the first of each; where that one was about other rights, it is repeated for
 * these: the fate of a right does not depend on which others are asked for.
 */
static struct sbk_access_reason find(const struct sbk_access_asked *asked,
				     const struct stage *stage, bool for_doubt,
				     uint32_t rights)
{
	const struct sbk_access_pass *pass = stage->pass;
	const struct sbk_access_reason *kept =
		for_doubt ? &pass->doubt : &pass->deny;
	struct sbk_access_pass again;
	struct sbk_access_reason reason = *kept;

	if (kept->mask != 0 && !(kept->mask & rights)) {
		sbk_access_walk(asked, stage->who, rights, &again);
		reason = for_doubt ? again.doubt : again.deny;
	}
	reason.mask &= rights;
	return reason;
}

static struct sbk_access_reason why_denied(const struct sbk_access_asked *asked,
					   const struct stage *stage,
					   uint32_t lost)
{
	struct sbk_access_reason reason = stage->deny;

	if (stage->pass != NULL)
		reason = find(asked, stage, false, lost);
	if (stage->pass != NULL && reason.mask != 0)
		reason.cause = stage->by_entry;
	if (reason.mask == 0 && stage->pass != NULL) {
		reason.cause = (lost & ~SBK_RIGHT_SYSTEM_SECURITY)
				       ? stage->by_none
				       : SBK_BY_PRIVILEGE;
		reason.has_index = false;
		reason.mask = lost;
	}
	reason.mask &= lost;
	return reason;
}

static struct sbk_access_reason
why_doubted(const struct sbk_access_asked *asked, const struct stage *stage,
	    uint32_t unsure)
{
	struct sbk_access_reason reason = stage->doubt;

	if (stage->pass != NULL)
		reason = find(asked, stage, true, unsure);
	reason.mask &= unsure;
	/* Of several limits of a SACL only the first is remembered. */
	if (reason.mask == 0) {
		reason.cause = SBK_BY_NO_SOURCE;
		reason.has_index = false;
		reason.mask = unsure;
	}
	return reason;
}

static void pass_stage(const struct sbk_access_asked *asked,
		       const struct stage *stage, struct verdict *verdict)
{
	/* With MAXIMUM_ALLOWED alone, every right is a reason. */
	uint32_t about = asked->named != 0 ? asked->named : asked->wanted;
	uint32_t lost = verdict->possible & ~stage->possible & about;
	uint32_t unsure =
		verdict->sure & stage->possible & ~stage->sure & about;

	if (lost != 0 && verdict->deny.mask == 0)
		verdict->deny = why_denied(asked, stage, lost);
	if (unsure != 0 && verdict->doubt.mask == 0)
		verdict->doubt = why_doubted(asked, stage, unsure);
	verdict->possible &= stage->possible;
	verdict->sure &= stage->sure & stage->possible;
}

/*
 * What backup and restore privileges give to an opening for that purpose
 * ("Privilege Constants"; for keys RegCreateKeyEx, REG_OPTION_BACKUP_RESTORE).
 */
static uint32_t backup_rights(const struct sbk_access_asked *asked,
			      const struct sbk_access_request *request)
{
	unsigned held = request->backup_intent ? asked->token->privileges : 0;
	bool is_key = asked->object == SBK_NT_KEY;
	uint32_t rights = 0;

	if (held & SBK_PRIVILEGE_BACKUP)
		rights |= asked->mapping->read | SBK_RIGHT_READ_CONTROL |
			  SBK_RIGHT_SYSTEM_SECURITY |
			  (is_key ? 0 : SBK_FILE_EXECUTE);
	if (held & SBK_PRIVILEGE_RESTORE)
		rights |=
			asked->mapping->write | SBK_RIGHT_DELETE |
			SBK_RIGHT_SYSTEM_SECURITY |
			(is_key ? 0
				: SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER);
	return rights & asked->wanted;
}

static uint32_t privilege_rights(const struct sbk_access_asked *asked)
{
	unsigned held = asked->token->privileges;
	uint32_t rights = 0;

	if (held & SBK_PRIVILEGE_SECURITY)
		rights |= SBK_RIGHT_SYSTEM_SECURITY;
	if (held & SBK_PRIVILEGE_TAKE_OWNERSHIP)
		rights |= SBK_RIGHT_WRITE_OWNER;
	if ((held & SBK_PRIVILEGE_RELABEL) &&
	    sbk_access_ask(SBK_ASK_RELABEL_OWNS) == SBK_YES)
		rights |= SBK_RIGHT_WRITE_OWNER;
	return rights & asked->wanted;
}

/* AccessCheck wants both owner and group; whether the others do is open. */
static void ask_owner(const struct sbk_access_asked *asked,
		      struct verdict *verdict)
{
	const struct sbk_access_reason missing = {
		.cause = SBK_BY_NO_OWNER,
		.mask = ~0u,
	};
	struct stage stage = {.deny = missing, .doubt = missing};

	if (asked->sd->has_owner && asked->sd->has_group)
		return;
	switch (sbk_access_ask(SBK_ASK_NO_OWNER)) {
	case SBK_YES:
		return;
	case SBK_OPEN:
		stage.possible = ~0u;
		break;
	case SBK_NO:
		break;
	}
	pass_stage(asked, &stage, verdict);
}

static void ask_label(const struct sbk_access_asked *asked,
		      const struct sbk_access_limit *limit, uint32_t backup,
		      struct verdict *verdict)
{
	struct stage stage = {
		.sure = limit->label_sure,
		.possible = limit->label_possible,
		.deny = limit->label,
	};

	if (backup != 0) {
		enum sbk_access_known_answer upward =
			sbk_access_ask(SBK_ASK_BACKUP_UPWARD);

		if (upward != SBK_NO)
			stage.possible |= backup;
		if (upward == SBK_YES)
			stage.sure |= backup;
	}
	pass_stage(asked, &stage, verdict);
}

/* The token's own SIDs, with what privileges give for certain (`held`). */
static void ask_token(const struct sbk_access_asked *asked, uint32_t held,
		      struct verdict *verdict)
{
	struct sbk_access_pass pass;
	struct stage stage = {
		.pass = &pass,
		.who = SBK_WHO_TOKEN,
		.by_entry = SBK_BY_ACE,
		.by_none = SBK_BY_NO_ACE,
	};

	sbk_access_walk(asked, SBK_WHO_TOKEN, asked->wanted & ~held, &pass);
	stage.sure = held | sbk_access_sure(&pass);
	stage.possible = held | pass.may_grant;
	if ((asked->token->privileges & SBK_PRIVILEGE_RELABEL) &&
	    sbk_access_ask(SBK_ASK_RELABEL_OWNS) != SBK_NO)
		stage.possible |= SBK_RIGHT_WRITE_OWNER;
	verdict->grant = pass.grant;
	if (pass.grant.mask == 0) {
		verdict->grant.cause = SBK_BY_PRIVILEGE;
		verdict->grant.mask = held;
	}
	pass_stage(asked, &stage, verdict);
}

/*
 * The second pass. Privileges are not subject to it: it repeats what MS-DTYP
 * does after they were taken off the request.
 */
static void ask_restricting(const struct sbk_access_asked *asked, uint32_t held,
			    struct verdict *verdict)
{
	const struct sbk_token *token = asked->token;
	struct sbk_access_known known =
		sbk_access_known(asked->object, token->write_restricted);
	uint32_t checked = asked->wanted & ~held;
	uint32_t open = checked & ~(known.second | known.first);
	struct sbk_access_pass pass;
	struct stage stage = {
		.pass = &pass,
		.who = SBK_WHO_RESTRICTING,
		.by_entry = SBK_BY_RESTRICTING,
		.by_none = SBK_BY_RESTRICTING,
	};

	/* Reads named beside what is, or may be, a write. */
	if (asked->named & checked & ~known.first) {
		uint32_t reads = asked->named & known.first;
		enum sbk_access_known_answer alone =
			sbk_access_ask(SBK_ASK_READ_BESIDE_WRITE);

		if (alone != SBK_YES)
			known.first &= ~reads;
		if (alone == SBK_OPEN)
			open |= reads;
	}
	sbk_access_walk(asked, SBK_WHO_RESTRICTING, checked & ~known.first,
			&pass);
	stage.sure = ~checked | known.first | sbk_access_sure(&pass);
	stage.possible = ~checked | known.first | open | pass.may_grant;
	if (pass.grant.mask != 0) {
		verdict->grant = pass.grant;
		verdict->grant.cause = SBK_BY_RESTRICTING;
	}
	pass_stage(asked, &stage, verdict);
}

static bool is_restricted(const struct sbk_token *token)
{
	return token->is_restricted || token->write_restricted;
}

static void ask_package(const struct sbk_access_asked *asked,
			struct verdict *verdict)
{
	enum sbk_access_known_answer simple = SBK_YES;
	struct sbk_access_pass pass;
	struct stage stage = {
		.pass = &pass,
		.who = SBK_WHO_PACKAGE,
		.by_entry = SBK_BY_PACKAGE,
		.by_none = SBK_BY_PACKAGE,
	};

	if (is_restricted(asked->token))
		simple = sbk_access_ask(SBK_ASK_PACKAGE_RESTRICTED);
	sbk_access_walk(asked, SBK_WHO_PACKAGE, asked->wanted, &pass);
	stage.sure = simple == SBK_YES ? sbk_access_sure(&pass) : 0;
	stage.possible = pass.may_grant;
	if (pass.grant.mask != 0) {
		verdict->grant = pass.grant;
		verdict->grant.cause = SBK_BY_PACKAGE;
	}
	pass_stage(asked, &stage, verdict);
}

static void answer(const struct sbk_access_asked *asked,
		   const struct verdict *verdict, struct sbk_access_result *out)
{
	uint32_t undecided = verdict->possible & ~verdict->sure;
	/* The rights that the answer is about. */
	uint32_t about = asked->named != 0 ? asked->named : asked->wanted;

	out->granted = verdict->sure;
	out->undecided = undecided;
	out->missing = asked->named & ~verdict->possible;
	if (out->missing != 0 ||
	    (asked->named == 0 && verdict->possible == 0)) {
		out->answer = SBK_ACCESS_DENIED;
		out->reason = verdict->deny;
	} else if (asked->named != 0 ? (undecided & about) != 0
				     : verdict->sure == 0) {
		out->answer = SBK_ACCESS_UNDECIDED;
		out->reason = verdict->doubt;
	} else {
		out->answer = SBK_ACCESS_GRANTED;
		out->reason = verdict->grant;
	}
}

static void check(const struct sbk_access_asked *asked,
		  const struct sbk_access_request *request,
		  struct sbk_access_result *out)
{
	struct verdict verdict = {
		.sure = asked->wanted,
		.possible = asked->wanted,
	};
	uint32_t backup = backup_rights(asked, request);
	uint32_t held = backup | privilege_rights(asked);
	struct sbk_access_limit limit;
	struct stage rest = {.possible = ~0u};

	sbk_access_limit(asked, &limit);
	ask_owner(asked, &verdict);
	ask_label(asked, &limit, backup, &verdict);
	ask_token(asked, held, &verdict);
	if (is_restricted(asked->token))
		ask_restricting(asked, held, &verdict);
	if (asked->token->has_package)
		ask_package(asked, &verdict);
	rest.sure = limit.undoubted;
	rest.doubt = limit.doubt;
	pass_stage(asked, &rest, &verdict);
	answer(asked, &verdict, out);
}

void sbk_access_check(const struct sbk_sd *sd, const struct sbk_token *token,
		      const struct sbk_access_request *request,
		      struct sbk_access_result *out)
{
	const struct sbk_generic_mapping *mapping =
		sbk_nt_mapping(request->object);
	uint32_t desired = sbk_rights_map(request->desired, mapping);
	struct sbk_access_asked asked = {
		.sd = sd,
		.token = token,
		.mapping = mapping,
		.object = request->object,
		.named = desired & ~SBK_RIGHT_MAXIMUM_ALLOWED,
		.wanted = desired & ~SBK_RIGHT_MAXIMUM_ALLOWED,
	};

	memset(out, 0, sizeof(*out));
	if (desired & SBK_RIGHT_MAXIMUM_ALLOWED)
		asked.wanted |= SBK_RIGHTS_UNIVERSE;
	if (asked.wanted == 0) {
		out->answer = SBK_ACCESS_GRANTED;
		out->reason.cause = SBK_BY_NOTHING;
	} else {
		check(&asked, request, out);
	}
}

const char *sbk_access_cause_text(enum sbk_access_cause cause)
{
	static const char *const texts[] = {
		[SBK_BY_ACE] = "an entry of the DACL",
		[SBK_BY_NO_ACE] = "no entry of the DACL",
		[SBK_BY_NO_DACL] = "the missing DACL",
		[SBK_BY_OWNER] = "the implicit rights of an owner",
		[SBK_BY_PRIVILEGE] = "a privilege",
		[SBK_BY_INTEGRITY] = "the mandatory label",
		[SBK_BY_RESTRICTING] = "the restricting SIDs",
		[SBK_BY_PACKAGE] = "the AppContainer",
		[SBK_BY_CONDITION] = "a condition that cannot be evaluated",
		[SBK_BY_NO_SOURCE] = "a question that no source settles",
		[SBK_BY_NO_OWNER] = "a missing owner or group",
		[SBK_BY_NOTHING] = "an empty request",
	};

	return texts[cause];
}
