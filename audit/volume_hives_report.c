/*
 * What the registry of a volume still has of the principals that are asked for:
 * accounts and groups of other tools, profiles of accounts that are gone,
 * firewall rules, names hidden at sign-in. An account of a person is no
 * finding.
 */
#include "audit/volume.h"

#include <string.h>

#include "engine/banned.h"

struct telling {
	struct sbk_volume_audit *audit;
	struct sbk_buf label, text;
};

static int tell(struct telling *t, const struct sbk_volume_fact *fact,
		const char *rule, struct sbk_error *err)
{
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = rule,
				      .object = fact->text};
	int rc;

	sbk_buf_printf(&t->text, ", by '%s'", fact->hive);
	if (t->label.size > 0)
		finding.principal = sbk_buf_text(&t->label);
	finding.text = sbk_buf_text(&t->text);
	rc = sbk_buf_failed(&t->text, err);
	if (rc == 0)
		rc = sbk_report_add(t->audit->report, &finding, err);
	sbk_buf_clear(&t->text);
	return rc;
}

/* What a running system alone says. */
static int tell_live(struct telling *t, const struct sbk_volume_fact *fact,
		     struct sbk_error *err)
{
	static const struct {
		const char *rule, *text;
	} kinds[] = {
		[SBK_VOLUME_MEMBER] = {"volume.member", "it is in this group"},
		[SBK_VOLUME_USER_RIGHT] = {"volume.right",
					   "it holds this user right"},
		[SBK_VOLUME_FILTER] = {"volume.filter",
				       "a network filter names it"},
		[SBK_VOLUME_PROCESS] = {"volume.process",
					"a process runs as it"},
		[SBK_VOLUME_KEPT] = {"volume.kept", "this stands there"},
	};
	const struct sbk_sid nobody = {.bytes = {0}};

	/* A filter that names nobody is known by its number. */
	if (fact->kind == SBK_VOLUME_FILTER &&
	    sbk_sid_equal(&fact->sid, &nobody))
		sbk_buf_adds(&t->text, "an object of the network filters with "
				       "Sandbook's number, of no account");
	else
		sbk_buf_adds(&t->text, kinds[fact->kind].text);
	if (fact->detail[0] != '\0')
		sbk_buf_printf(&t->text, " (%s)", fact->detail);
	return tell(t, fact, kinds[fact->kind].rule, err);
}

static int tell_fact(struct telling *t, const struct sbk_volume_fact *fact,
		     bool is_persons, struct sbk_error *err)
{
	switch (fact->kind) {
	case SBK_VOLUME_ACCOUNT:
	case SBK_VOLUME_GROUP:
		if (is_persons)
			return 0;
		sbk_buf_printf(&t->text, "%s of this machine is there",
			       fact->kind == SBK_VOLUME_ACCOUNT ? "an account"
								: "a group");
		return tell(t, fact, "volume.account", err);
	case SBK_VOLUME_PROFILE:
		if (is_persons)
			return 0;
		sbk_buf_adds(&t->text, "the list of profiles has one for it");
		return tell(t, fact, "volume.profile", err);
	case SBK_VOLUME_HIDDEN:
		sbk_buf_adds(&t->text, "it is hidden at sign-in");
		return tell(t, fact, "volume.hidden", err);
	case SBK_VOLUME_RULE:
		sbk_buf_printf(&t->text, "a firewall rule names it%s%s",
			       fact->detail[0] != '\0' ? ": " : "",
			       fact->detail);
		return tell(t, fact, "volume.firewall", err);
	default:
		return is_persons ? 0 : tell_live(t, fact, err);
	}
}

/* Names that nobody has; as long as no certain principal is asked for. */
static int tell_nobodys(struct telling *t, struct sbk_error *err)
{
	const struct sbk_sid nobody = {.bytes = {0}};
	size_t count, i;
	const struct sbk_volume_fact *facts =
		sbk_volume_facts_of(t->audit, &nobody, &count);
	int rc = 0;

	sbk_buf_clear(&t->label);
	for (i = 0; rc == 0 && i < count && !t->audit->named; i++) {
		if (facts[i].kind != SBK_VOLUME_HIDDEN) {
			rc = tell_live(t, &facts[i], err);
			continue;
		}
		sbk_buf_adds(&t->text, "a name is hidden at sign-in that no "
				       "account has");
		rc = tell(t, &facts[i], "volume.hidden", err);
	}
	return rc;
}

int sbk_volume_hives_report(struct sbk_volume_audit *audit,
			    struct sbk_error *err)
{
	struct telling t = {.audit = audit};
	size_t i, j, count;
	int rc = 0;

	for (i = 0; rc == 0 && i < audit->principal_count; i++) {
		const struct sbk_volume_principal *p = &audit->principals[i];
		const struct sbk_volume_fact *facts =
			sbk_volume_facts_of(audit, &p->sid, &count);

		if (sbk_volume_is_token(p))
			continue; /* about what it may do, not who it is */
		sbk_buf_clear(&t.label);
		sbk_volume_label(&t.label, &p->sid, &p->verdict);
		for (j = 0; rc == 0 && j < count; j++)
			rc = tell_fact(&t, &facts[j],
				       p->verdict.origin == SBK_SID_ACCOUNT ||
					       p->verdict.origin ==
						       SBK_SID_SYSTEM,
				       err);
	}
	if (rc == 0)
		rc = tell_nobodys(&t, err);
	sbk_buf_release(&t.label);
	sbk_buf_release(&t.text);
	return rc;
}
