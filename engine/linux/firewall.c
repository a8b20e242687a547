/*
 * The firewall table. Owns its encoding and the conversation with `nft`.
 *
 * A state is the JSON array that `nft -j list table` gives, without handles,
 * counters and the description of nft itself, its keys sorted: equal tables
 * are equal bytes. A new state replaces the old one in one nft transaction
 * (add, delete, add), so no packet meets half a table.
 *
 * Refuses every table but ours. What it cannot prevent: another program that
 * changes the table between our look and our transaction.
 */
#include "engine/linux/firewall.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define CHAIN_PREFIX "offline_"
#define FAMILY "inet"
#define TABLE "sandbook"
#define PRIORITY (-300) /* raw: before connection tracking learns of it */
#define DUMP_FLAGS (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)

static int dump(const json_t *value, struct sbk_buf *out, struct sbk_error *err)
{
	char *text = json_dumps(value, DUMP_FLAGS);

	if (text == NULL)
		return sbk_error_no_memory(err);
	sbk_buf_adds(out, text);
	free(text);
	return sbk_buf_failed(out, err);
}

/* Parses a state; absent is NULL. The caller drops *out. */
static int load(struct sbk_state state, json_t **out, struct sbk_error *err)
{
	json_error_t why;

	*out = NULL;
	if (sbk_state_absent(state))
		return 0;
	*out = sbk_json_load(state.data, state.size, JSON_REJECT_DUPLICATES,
			     &why);
	if (json_is_array(*out))
		return 0;
	if (*out == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(err);
	json_decref(*out);
	*out = NULL;
	return sbk_error_set(err, SBK_E_PARSE,
			     "the state of a firewall table is malformed: %s",
			     why.text);
}

/* nft [arguments] with a JSON document as its input, or none. */
static int run_nft(const char *const *argv, const char *input,
		   struct sbk_program_result *result, int lock,
		   struct sbk_error *err)
{
	struct sbk_program program = {.argv = argv,
				      .input = input,
				      .input_size =
					      input != NULL ? strlen(input) : 0,
				      .hold_fd = lock};
	int rc = sbk_program_run(&program, result, err);

	if (rc < 0 || result->exit_code == 0)
		return rc;
	if (strstr(sbk_buf_text(&result->err), "not permitted") != NULL)
		return sbk_program_failed(&program, result, SBK_E_DENIED, err);
	return sbk_program_failed(&program, result, SBK_E_IO, err);
}

/* The array "nftables" of what nft answered; the caller drops *out. */
static int parse_answer(const struct sbk_program_result *result, json_t **out,
			struct sbk_error *err)
{
	json_error_t why;
	json_t *root = sbk_json_load(sbk_buf_text(&result->out),
				     result->out.size, 0, &why);
	json_t *list = json_incref(json_object_get(root, "nftables"));

	json_decref(root);
	if (!json_is_array(list)) {
		json_decref(list);
		return sbk_error_set(err, SBK_E_IO,
				     "the answer of 'nft' is no list: %s",
				     why.text);
	}
	*out = list;
	return 0;
}

/* What element of a list an object is: "table", "chain", "rule"... */
static const char *element_type(const json_t *element)
{
	return json_object_iter_key(
		json_object_iter((json_t *)(uintptr_t)element));
}

static json_t *element_body(const json_t *element)
{
	return json_object_iter_value(
		json_object_iter((json_t *)(uintptr_t)element));
}

static const char *body_text(const json_t *element, const char *key)
{
	const char *text =
		json_string_value(json_object_get(element_body(element), key));

	return text != NULL ? text : "";
}

static bool is_type(const json_t *element, const char *type)
{
	const char *own = element_type(element);

	return own != NULL && strcmp(own, type) == 0;
}

static bool is_our_table(const json_t *element)
{
	return is_type(element, "table") &&
	       strcmp(body_text(element, "family"), FAMILY) == 0 &&
	       strcmp(body_text(element, "name"), TABLE) == 0;
}

static int table_exists(bool *answer, struct sbk_error *err)
{
	static const char *const argv[] = {"nft", "-j", "list", "tables", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	json_t *list = NULL, *element;
	size_t i;
	int rc;

	*answer = false;
	rc = run_nft(argv, NULL, &result, 0, err);
	if (rc == 0)
		rc = parse_answer(&result, &list, err);
	if (rc == 0)
		json_array_foreach(list, i, element)
			if (is_our_table(element))
				*answer = true;
	json_decref(list);
	sbk_program_result_release(&result);
	return rc;
}

/* nft prints a protocol's name where /etc/protocols (a package of its own) has
 * it, else its number. */
static void number_protocol(json_t *statement)
{
	static const struct {
		const char *name;
		int number;
	} protocols[] = {
		{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"ipv6-icmp", 58}};
	json_t *match = json_object_get(statement, "match");
	const char *key = json_string_value(json_object_get(
		json_object_get(json_object_get(match, "left"), "meta"),
		"key"));
	const char *name = json_string_value(json_object_get(match, "right"));
	size_t i;

	if (key == NULL || name == NULL || strcmp(key, "l4proto") != 0)
		return;
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(name, protocols[i].name) != 0)
			continue;
		/* Without memory the tables differ, which is said. `name` is
		 * gone with what it is replaced by. */
		(void)json_object_set_new(match, "right",
					  json_integer(protocols[i].number));
		return;
	}
}

static void number_protocols(json_t *element)
{
	json_t *statement;
	size_t i;

	json_array_foreach(json_object_get(element_body(element), "expr"), i,
			   statement)
		number_protocol(statement);
}

/* Takes out what differs between two equal tables. */
static void make_canonical(json_t *list)
{
	size_t i = 0;

	while (i < json_array_size(list)) {
		json_t *element = json_array_get(list, i);

		if (is_type(element, "metainfo")) {
			(void)json_array_remove(list, i); /* i is in it */
			continue;
		}
		(void)json_object_del(element_body(element), "handle");
		(void)json_object_del(element_body(element), "index");
		number_protocols(element);
		i++;
	}
}

static int read_table(struct sbk_buf *out, struct sbk_error *err)
{
	static const char *const argv[] = {"nft",  "-j",    "--stateless",
					   "list", "table", FAMILY,
					   TABLE,  NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	json_t *list = NULL;
	bool exists;
	int rc;

	sbk_buf_clear(out);
	rc = table_exists(&exists, err);
	if (rc < 0 || !exists)
		return rc;
	rc = run_nft(argv, NULL, &result, 0, err);
	if (rc == 0)
		rc = parse_answer(&result, &list, err);
	if (rc == 0) {
		make_canonical(list);
		rc = dump(list, out, err);
	}
	json_decref(list);
	sbk_program_result_release(&result);
	return rc;
}

static int check_name(const char *name, struct sbk_error *err)
{
	if (strcmp(name, SBK_FIREWALL_NAME) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "the firewall table '%s' is not Sandbook's", name);
}

static int firewall_observe(struct sbk_host *host,
			    const struct sbk_object *object,
			    struct sbk_observation *out, struct sbk_error *err)
{
	int rc = check_name(object->name, err);

	(void)host;
	if (rc < 0)
		return rc;
	sbk_buf_clear(&out->identity);
	return read_table(&out->state, err);
}

/* {"nftables": [add table, delete table, add each element of `next`]} */
static json_t *transaction_of(const json_t *next)
{
	json_t *steps = json_array(), *element;
	size_t i;
	int failed;

	failed = json_array_append_new(steps, json_pack("{s{s{ssss}}}", "add",
							"table", "family",
							FAMILY, "name", TABLE));
	failed |= json_array_append_new(
		steps, json_pack("{s{s{ssss}}}", "delete", "table", "family",
				 FAMILY, "name", TABLE));
	json_array_foreach(next, i, element)
		failed |= json_array_append_new(
			steps, json_pack("{sO}", "add", element));
	if (failed == 0)
		return json_pack("{so}", "nftables", steps);
	json_decref(steps);
	return NULL;
}

/* With `dry`, nft and the kernel only check it. */
static int write_table(struct sbk_state next, bool dry, int lock,
		       struct sbk_error *err)
{
	const char *const make[] = {"nft", "-j", "-f", "-", NULL};
	const char *const check[] = {"nft", "-c", "-j", "-f", "-", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	json_t *list = NULL, *document = NULL;
	int rc;

	rc = load(next, &list, err);
	if (rc < 0)
		goto out;
	document = transaction_of(list);
	rc = document != NULL ? dump(document, &text, err)
			      : sbk_error_no_memory(err);
	if (rc == 0)
		rc = run_nft(dry ? check : make, sbk_buf_text(&text), &result,
			     lock, err);
out:
	json_decref(list);
	json_decref(document);
	sbk_buf_release(&text);
	sbk_program_result_release(&result);
	return rc;
}

/* What the kernel only checks, others see for a moment as if it were made: so
 * this, too, is a change that an observer has to wait for. */
int sbk_firewall_check(struct sbk_state next, struct sbk_error *err)
{
	int lock, rc = sbk_program_lock(0, &lock, err);

	if (rc < 0)
		return rc;
	rc = write_table(next, true, lock, err);
	sbk_program_unlock(lock);
	return rc;
}

static int firewall_replace(struct sbk_host *host,
			    const struct sbk_object *object,
			    struct sbk_state expected, struct sbk_state next,
			    struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int lock = -1, rc;

	(void)host; /* rules live in the kernel: nothing to flush */
	rc = check_name(object->name, err);
	if (rc == 0)
		rc = sbk_program_lock(1, &lock, err);
	if (rc == 0)
		rc = read_table(&now, err);
	if (rc < 0)
		goto out;
	if (!sbk_state_equal((struct sbk_state){sbk_buf_text(&now), now.size},
			     expected)) {
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "the firewall table '%s' changed since it "
				   "was looked at",
				   object->name);
		goto out;
	}
	rc = write_table(next, false, lock, err);
	if (rc == 0)
		rc = read_table(&now, err);
	if (rc == 0 &&
	    !sbk_state_equal((struct sbk_state){sbk_buf_text(&now), now.size},
			     next))
		rc = sbk_error_set(err, SBK_E_IO,
				   "the firewall table '%s' is not what 'nft' "
				   "was asked for",
				   object->name);
out:
	sbk_program_unlock(lock);
	sbk_buf_release(&now);
	return rc;
}

static json_t *pack_rule(const char *chain, const struct sbk_account *account,
			 bool tcp)
{
	json_t *expr = json_array();
	int failed;

	failed = json_array_append_new(
		expr, json_pack("{s{sss{s{ss}}sI}}", "match", "op",
				"==", "left", "meta", "key", "skuid", "right",
				(json_int_t)account->uid));
	if (tcp) {
		failed |= json_array_append_new(
			expr, json_pack("{s{sss{s{ss}}si}}", "match", "op",
					"==", "left", "meta", "key", "l4proto",
					"right", 6));
		failed |= json_array_append_new(
			expr,
			json_pack("{s{ss}}", "reject", "type", "tcp reset"));
	} else {
		failed |= json_array_append_new(
			expr, json_pack("{s{ssss}}", "reject", "type", "icmpx",
					"expr", "admin-prohibited"));
	}
	if (failed != 0) {
		json_decref(expr);
		return NULL;
	}
	return json_pack("{s{ssssssssso}}", "rule", "family", FAMILY, "table",
			 TABLE, "chain", chain, "comment", account->name,
			 "expr", expr);
}

int sbk_firewall_encode(struct sbk_buf *out, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err)
{
	json_t *list = json_array();
	char chain[64];
	size_t i;
	int failed, rc;

	(void)snprintf(chain, sizeof(chain), CHAIN_PREFIX "%s", nonce);
	failed = json_array_append_new(list,
				       json_pack("{s{ssss}}", "table", "family",
						 FAMILY, "name", TABLE));
	failed |= json_array_append_new(
		list, json_pack("{s{sssssssssssiss}}", "chain", "family",
				FAMILY, "table", TABLE, "name", chain, "type",
				"filter", "hook", "output", "prio", PRIORITY,
				"policy", "accept"));
	for (i = 0; i < count; i++) {
		if (accounts[i].role != SBK_ACCOUNT_OFFLINE)
			continue;
		failed |= json_array_append_new(
			list, pack_rule(chain, &accounts[i], true));
		failed |= json_array_append_new(
			list, pack_rule(chain, &accounts[i], false));
	}
	rc = failed == 0 ? dump(list, out, err) : sbk_error_no_memory(err);
	json_decref(list);
	return rc;
}

/* Each rule of the account behind `before`. */
static void add_rules(struct sbk_buf *out, const char *before,
		      const struct sbk_account *account)
{
	static const char *const verdicts[] = {
		"meta l4proto tcp reject with tcp reset",
		"reject with icmpx admin-prohibited",
	};
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		sbk_buf_printf(out, "%smeta skuid %u %s comment \"%s\"\n",
			       before, account->uid, verdicts[i],
			       account->name);
}

void sbk_firewall_script(struct sbk_buf *out, const char *nonce,
			 const struct sbk_account *accounts, size_t count)
{
	size_t i;

	sbk_buf_printf(out,
		       "table inet sandbook\n"
		       "delete table inet sandbook\n"
		       "table inet sandbook {\n"
		       "chain " CHAIN_PREFIX "%s {\n"
		       "type filter hook output priority %d; policy accept;\n",
		       nonce, PRIORITY);
	for (i = 0; i < count; i++)
		if (accounts[i].role == SBK_ACCOUNT_OFFLINE)
			add_rules(out, "", &accounts[i]);
	sbk_buf_adds(out, "}\n}\n");
}

void sbk_firewall_rules(struct sbk_buf *out, const char *nonce,
			const struct sbk_account *account)
{
	char before[96];

	(void)snprintf(before, sizeof(before),
		       "add rule inet sandbook " CHAIN_PREFIX "%s ", nonce);
	add_rules(out, before, account);
}

bool sbk_firewall_bears(struct sbk_state state, const char *nonce)
{
	json_t *list, *element;
	char chain[64];
	bool found = false;
	size_t i;

	(void)snprintf(chain, sizeof(chain), CHAIN_PREFIX "%s", nonce);
	if (load(state, &list, NULL) < 0)
		return false;
	json_array_foreach(list, i, element)
		if (is_type(element, "chain") &&
		    strcmp(body_text(element, "name"), chain) == 0)
			found = true;
	json_decref(list);
	return found;
}

static bool holds_equal(const json_t *list, const json_t *element)
{
	const json_t *other;
	size_t i;

	json_array_foreach(list, i, other)
		if (json_equal(other, element))
			return true;
	return false;
}

/* A chain, or a rule's comment, of the same name. */
static bool holds_named(const json_t *list, const json_t *element,
			const char *type, const char *key)
{
	const char *name = body_text(element, key);
	const json_t *other;
	size_t i;

	if (!is_type(element, type) || *name == '\0')
		return false;
	json_array_foreach(list, i, other)
		if (is_type(other, type) &&
		    strcmp(body_text(other, key), name) == 0)
			return true;
	return false;
}

/* Not of ours, neither as we made it nor as somebody altered it. */
static bool is_foreign(const json_t *ours, const json_t *element)
{
	return !is_our_table(element) && !holds_equal(ours, element) &&
	       !holds_named(ours, element, "chain", "name") &&
	       !holds_named(ours, element, "rule", "comment");
}

/* Whether somebody else's rule stands in this chain. */
static bool is_needed(const json_t *current, const json_t *ours,
		      const json_t *chain)
{
	const json_t *other;
	size_t i;

	if (!is_type(chain, "chain"))
		return false;
	json_array_foreach(current, i, other)
		if (is_type(other, "rule") && is_foreign(ours, other) &&
		    strcmp(body_text(other, "chain"),
			   body_text(chain, "name")) == 0)
			return true;
	return false;
}

/*
 * What stays: what others put into the table, what it stands in, and what was
 * there before the change. NULL where others put nothing there.
 */
static json_t *keep_foreign(json_t *current, const json_t *ours, json_t *before)
{
	json_t *kept = json_array(), *element;
	bool foreign = false;
	size_t i;
	int failed = 0;

	json_array_foreach(current, i, element) {
		bool is_theirs = is_foreign(ours, element);

		foreign |= is_theirs;
		if (is_theirs || is_our_table(element) ||
		    holds_equal(before, element) ||
		    is_needed(current, ours, element))
			failed |= json_array_append(kept, element);
	}
	json_array_foreach(before, i, element)
		if (!holds_equal(kept, element))
			failed |= json_array_append(kept, element);
	if (foreign && failed == 0)
		return kept;
	json_decref(kept);
	return NULL;
}

static int firewall_subtract(struct sbk_host *host,
			     const struct sbk_change *change,
			     struct sbk_state current, struct sbk_buf *next,
			     struct sbk_error *err)
{
	json_t *now = NULL, *ours = NULL, *before = NULL, *kept = NULL;
	int rc;

	(void)host;
	rc = load(current, &now, err);
	if (rc == 0)
		rc = load(change->after, &ours, err);
	if (rc == 0)
		rc = load(change->before, &before, err);
	if (rc < 0)
		goto out;
	kept = keep_foreign(now, ours, before);
	if (kept != NULL) {
		rc = dump(kept, next, err);
		goto out;
	}
	sbk_buf_add(next, change->before.data, change->before.size);
	rc = sbk_buf_failed(next, err);
out:
	json_decref(now);
	json_decref(ours);
	json_decref(before);
	json_decref(kept);
	return rc;
}

const struct sbk_host_kind sbk_host_firewall = {
	.tool_lock = true,
	.observe = firewall_observe,
	.replace = firewall_replace,
	.subtract = firewall_subtract,
};
