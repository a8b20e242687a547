/*
 * Spreading a DACL or SACL over a tree: by "Automatic Propagation of
 * Inheritable ACEs" and "Order of ACEs in a DACL" of the Windows documentation,
 * and by properties on random trees.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/ntsec/inherit.h"
#include "engine/ntsec/sddl.h"
#include "tests/support/test.h"

#define USER "S-1-5-21-1-2-3-1000"
#define NODES_MAX 400

/* A tree whose descriptors can be replaced by what a spread makes of them. */
struct tree {
	enum sbk_sd_part part; /* which list is spread */
	struct sbk_spread_node nodes[NODES_MAX];
	struct sbk_sd sds[NODES_MAX];
	struct sbk_buf bytes[NODES_MAX];
	size_t count;
};

static const struct sbk_sddl_options options = {.domains = {NULL}};

static struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	tree->part = SBK_SD_DACL;
	return tree;
}

static void tree_free(struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->count; i++)
		sbk_buf_release(&tree->bytes[i]);
	free(tree);
}

static void set_bytes(struct tree *tree, size_t index, struct sbk_buf *bytes)
{
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_buf_release(&tree->bytes[index]);
	tree->bytes[index] = *bytes;
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size,
			      &tree->sds[index], &err),
		  &err);
	*bytes = (struct sbk_buf)SBK_BUF_INIT;
}

static void set_text(struct tree *tree, size_t index, const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;

	assert_ok(sbk_sddl_parse(text, strlen(text), &options, &bytes, &err),
		  &err);
	set_bytes(tree, index, &bytes);
}

static size_t add(struct tree *tree, size_t parent, bool is_container,
		  const char *text)
{
	size_t index = tree->count++;

	assert_true(index < NODES_MAX);
	tree->nodes[index] = (struct sbk_spread_node){
		.parent = parent,
		.is_container = is_container,
		.sd = &tree->sds[index],
	};
	set_text(tree, index, text);
	return index;
}

static void expect(const struct tree *tree, size_t index, const char *expected)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;

	assert_ok(sbk_sddl_format(&tree->sds[index],
				  tree->part == SBK_SD_DACL ? SBK_SDDL_DACL
							    : SBK_SDDL_SACL,
				  &options, &text, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&text), expected);
	sbk_buf_release(&text);
}

static const struct sbk_nt_acl *list_of(const struct tree *tree, size_t index)
{
	const struct sbk_sd *sd = &tree->sds[index];

	if (tree->part == SBK_SD_DACL)
		return sd->dacl_is == SBK_ACL_PRESENT ? &sd->dacl : NULL;
	return sd->sacl_is == SBK_ACL_PRESENT ? &sd->sacl : NULL;
}

/* The descriptor of a node with another list and other control bits. */
static void set_list(struct tree *tree, size_t index, const uint8_t *list,
		     size_t size, uint16_t control)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd = tree->sds[index];
	bool is_dacl = tree->part == SBK_SD_DACL;

	*(is_dacl ? &sd.dacl_is : &sd.sacl_is) = SBK_ACL_PRESENT;
	sd.control = control;
	assert_ok(sbk_nt_acl_read(list, size, is_dacl ? &sd.dacl : &sd.sacl,
				  &err),
		  &err);
	assert_ok(sbk_sd_write(&sd, &bytes, &err), &err);
	set_bytes(tree, index, &bytes);
}

static struct sbk_spread_request request_for(const struct tree *tree)
{
	return (struct sbk_spread_request){
		.nodes = tree->nodes,
		.count = tree->count,
		.part = tree->part,
		.root = list_of(tree, 0),
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
}

/* Spreads what the root has, and writes the changes into the tree. */
static size_t spread(struct tree *tree)
{
	const struct sbk_spread_request request = request_for(tree);
	struct sbk_spread_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i, count;

	assert_ok(sbk_inherit_spread(&request, &result, &err), &err);
	count = result.count;
	for (i = 0; i < count; i++) {
		const struct sbk_spread_change *change = &result.changes[i];

		assert_true(i == 0 ||
			    change->node > result.changes[i - 1].node);
		set_list(tree, change->node,
			 (const uint8_t *)result.lists.data + change->offset,
			 change->size, change->control);
	}
	sbk_spread_release(&result);
	return count;
}

/* The first paragraph and the rules of "Automatic Propagation of Inheritable
 * ACEs": existing children get the entry behind their own, and lose it. */
static void test_spread__an_entry_comes_and_goes(void **state)
{
	struct tree *tree = tree_new();
	size_t folder, file, inner;

	(void)state;
	(void)add(tree, 0, true, "D:PAI(A;OICI;FA;;;BA)");
	folder = add(tree, 0, true, "D:AI(A;OICIID;FA;;;BA)");
	file = add(tree, 0, false, "D:AI(D;;FW;;;WD)(A;ID;FA;;;BA)");
	inner = add(tree, folder, false, "D:AI(A;ID;FA;;;BA)");
	assert_int_equal(spread(tree), 0);

	set_text(tree, 0, "D:PAI(A;OICI;FA;;;BA)(A;OICI;FR;;;" USER ")");
	assert_int_equal(spread(tree), 3);
	expect(tree, folder, "D:AI(A;OICIID;FA;;;BA)(A;OICIID;FR;;;" USER ")");
	expect(tree, file,
	       "D:AI(D;;FW;;;WD)(A;ID;FA;;;BA)(A;ID;FR;;;" USER ")");
	expect(tree, inner, "D:AI(A;ID;FA;;;BA)(A;ID;FR;;;" USER ")");
	assert_int_equal(spread(tree), 0);

	set_text(tree, 0, "D:PAI(A;OICI;FA;;;BA)");
	assert_int_equal(spread(tree), 3);
	expect(tree, folder, "D:AI(A;OICIID;FA;;;BA)");
	expect(tree, file, "D:AI(D;;FW;;;WD)(A;ID;FA;;;BA)");
	expect(tree, inner, "D:AI(A;ID;FA;;;BA)");
	tree_free(tree);
}

/* The example of the same page: a child without a DACL ends with an empty
 * one, unless it is protected. */
static void test_spread__no_dacl_becomes_an_empty_one(void **state)
{
	struct tree *tree = tree_new();
	size_t none, empty, guarded, null;

	(void)state;
	(void)add(tree, 0, true, "D:AI(A;;FA;;;BA)");
	none = add(tree, 0, false, "O:BA");
	empty = add(tree, 0, false, "D:AI");
	guarded = add(tree, 0, false, "D:PNO_ACCESS_CONTROL");
	null = add(tree, 0, false, "D:NO_ACCESS_CONTROL");
	assert_int_equal(spread(tree), 0);

	set_text(tree, 0, "D:AI(A;;FA;;;BA)(A;OI;FR;;;WD)");
	assert_int_equal(spread(tree), 3);
	expect(tree, none, "D:AI(A;ID;FR;;;WD)");
	expect(tree, empty, "D:AI(A;ID;FR;;;WD)");
	expect(tree, null, "D:AI(A;ID;FR;;;WD)");
	expect(tree, guarded, "D:PNO_ACCESS_CONTROL");

	set_text(tree, 0, "D:AI(A;;FA;;;BA)");
	assert_int_equal(spread(tree), 3);
	expect(tree, none, "D:AI");
	expect(tree, empty, "D:AI");
	expect(tree, null, "D:AI");
	tree_free(tree);
}

/* "Order of ACEs in a DACL": explicit entries first, then those of the
 * parent, then those of the grandparent. */
static void test_spread__the_nearest_parent_comes_first(void **state)
{
	struct tree *tree = tree_new();
	size_t folder, file;

	(void)state;
	(void)add(tree, 0, true, "D:AI(D;OICI;FW;;;AN)(A;OICI;FR;;;WD)");
	folder = add(tree, 0, true, "D:AI(A;OICI;FA;;;BU)");
	file = add(tree, folder, false, "D:AI(A;;FA;;;BA)");
	assert_int_equal(spread(tree), 2);
	expect(tree, folder,
	       "D:AI(A;OICI;FA;;;BU)(D;OICIID;FW;;;AN)(A;OICIID;FR;;;WD)");
	expect(tree, file,
	       "D:AI(A;;FA;;;BA)(A;ID;FA;;;BU)(D;ID;FW;;;AN)(A;ID;FR;;;WD)");
	tree_free(tree);
}

static void test_spread__stops_at_protected_and_carved_nodes(void **state)
{
	struct tree *tree = tree_new();
	size_t guarded, below, carved, under, open;

	(void)state;
	(void)add(tree, 0, true, "D:AI(A;OICI;FR;;;WD)");
	guarded = add(tree, 0, true, "D:PAI(A;OICI;FA;;;BA)");
	below = add(tree, guarded, false, "D:AI(A;ID;FA;;;BA)(A;ID;FR;;;BU)");
	carved = add(tree, 0, true, "D:AI(A;OICIID;FA;;;BA)");
	under = add(tree, carved, false, "D:AI(A;ID;FA;;;BA)");
	open = add(tree, 0, true, "D:AI(A;OICIID;FA;;;BA)");
	tree->nodes[carved].is_carved = true;
	assert_int_equal(spread(tree), 1);
	expect(tree, open, "D:AI(A;OICIID;FR;;;WD)");
	expect(tree, below, "D:AI(A;ID;FA;;;BA)(A;ID;FR;;;BU)");
	expect(tree, carved, "D:AI(A;OICIID;FA;;;BA)");
	expect(tree, under, "D:AI(A;ID;FA;;;BA)");
	/* Without the carving it reaches both. */
	tree->nodes[carved].is_carved = false;
	assert_int_equal(spread(tree), 2);
	expect(tree, under, "D:AI(A;ID;FR;;;WD)");
	tree_free(tree);
}

/* CREATOR OWNER is each object's own owner; NP ends after one step. */
static void test_spread__each_object_has_its_own_owner(void **state)
{
	struct tree *tree = tree_new();
	size_t folder, file, inner;

	(void)state;
	(void)add(tree, 0, true, "O:BAD:AI(A;OICIIO;GA;;;CO)(A;CINP;FR;;;WD)");
	folder = add(tree, 0, true, "O:SYD:AI");
	file = add(tree, 0, false, "O:" USER "D:AI");
	inner = add(tree, folder, true, "O:" USER "D:AI");
	assert_int_equal(spread(tree), 3);
	expect(tree, folder,
	       "D:AI(A;ID;FA;;;SY)(A;OICIIOID;GA;;;CO)(A;ID;FR;;;WD)");
	expect(tree, file, "D:AI(A;ID;FA;;;" USER ")");
	expect(tree, inner, "D:AI(A;ID;FA;;;" USER ")(A;OICIIOID;GA;;;CO)");
	assert_int_equal(spread(tree), 0);
	tree_free(tree);
}

/* "... allow and deny ACEs are never moved in relation to one another": such
 * a DACL is marked as protected, and nothing below it changes. */
static void
test_spread__a_dacl_that_would_be_reordered_is_protected(void **state)
{
	struct tree *tree = tree_new();
	size_t mixed, below, same;

	(void)state;
	(void)add(tree, 0, true, "D:AI(A;OICI;FR;;;WD)");
	mixed = add(tree, 0, true, "D:AI(A;OICIID;FA;;;BA)(D;;FW;;;WD)");
	below = add(tree, mixed, false, "D:AI(A;ID;FA;;;BA)");
	/* Allow behind allow may move: the meaning is the same. */
	same = add(tree, 0, false, "D:AI(A;ID;FA;;;BA)(A;;FW;;;WD)");
	assert_int_equal(spread(tree), 2);
	expect(tree, mixed, "D:PAI(A;OICIID;FA;;;BA)(D;;FW;;;WD)");
	expect(tree, below, "D:AI(A;ID;FA;;;BA)");
	expect(tree, same, "D:AI(A;;FW;;;WD)(A;ID;FR;;;WD)");
	assert_int_equal(spread(tree), 0);
	tree_free(tree);
}

static void test_spread__a_root_without_dacl_gives_nothing(void **state)
{
	struct tree *tree = tree_new();
	size_t file;

	(void)state;
	(void)add(tree, 0, true, "O:BA");
	file = add(tree, 0, false, "D:AI(A;ID;FA;;;BA)");
	assert_int_equal(spread(tree), 0);
	expect(tree, file, "D:AI(A;ID;FA;;;BA)");
	tree_free(tree);
}

static void expect_refused(const struct tree *tree, size_t count, int code)
{
	struct sbk_spread_request request = request_for(tree);
	struct sbk_spread_result result;
	struct sbk_error err = SBK_ERROR_INIT;

	request.count = count;
	assert_error(sbk_inherit_spread(&request, &result, &err), code, &err);
}

/* The same rules for SACLs, of entries of any type; DACLs stay. */
static void test_spread__sacls_likewise(void **state)
{
	struct tree *tree = tree_new();
	size_t folder, file, inner, guarded, below;

	(void)state;
	tree->part = SBK_SD_SACL;
	(void)add(tree, 0, true,
		  "D:AI(A;OICI;FA;;;BA)S:AI(AU;OICISAFA;GW;;;WD)"
		  "(ML;OICI;NW;;;LW)(RA;CI;;;;WD;(\"a\",TI,0x0,1))");
	folder = add(tree, 0, true, "O:SYD:AIS:AI(AU;OICIIDSA;FA;;;BA)");
	file = add(tree, folder, false, "O:SYD:AIS:(AU;FA;FR;;;CO)");
	inner = add(tree, folder, true, "D:NO_ACCESS_CONTROL");
	guarded = add(tree, 0, true, "D:AIS:P(AU;SA;FA;;;BA)");
	below = add(tree, guarded, false, "D:AIS:AI(AU;IDSA;FA;;;BA)");
	assert_int_equal(spread(tree), 3);
	expect(tree, folder,
	       "S:AI(AU;IDSAFA;FW;;;WD)(AU;OICIIOIDSAFA;GW;;;WD)"
	       "(ML;OICIID;NW;;;LW)(RA;CIID;;;;WD;(\"a\",TI,0x0,1))");
	expect(tree, file,
	       "S:AI(AU;FA;FR;;;CO)(AU;IDSAFA;FW;;;WD)(ML;ID;NW;;;LW)");
	expect(tree, inner,
	       "S:AI(AU;IDSAFA;FW;;;WD)(AU;OICIIOIDSAFA;GW;;;WD)"
	       "(ML;OICIID;NW;;;LW)(RA;CIID;;;;WD;(\"a\",TI,0x0,1))");
	expect(tree, guarded, "S:P(AU;SA;FA;;;BA)");
	expect(tree, below, "S:AI(AU;IDSA;FA;;;BA)");
	assert_int_equal(tree->sds[inner].dacl_is, SBK_ACL_NULL);
	assert_int_equal(spread(tree), 0);
	tree_free(tree);
}

/* A root without a SACL gives nothing; what was inherited goes ("If you remove
 * an inheritable ACE from a parent object ..."). */
static void test_spread__without_a_sacl_nothing_is_inherited(void **state)
{
	struct tree *tree = tree_new();
	size_t none, file, own;

	(void)state;
	tree->part = SBK_SD_SACL;
	(void)add(tree, 0, true, "D:AI");
	none = add(tree, 0, true, "D:AI");
	file = add(tree, none, false, "D:AIS:AI(AU;IDSA;FA;;;WD)");
	own = add(tree, none, false, "S:AI(AU;SA;FR;;;WD)(AU;IDSA;FA;;;WD)");
	assert_int_equal(spread(tree), 2);
	expect(tree, none, "");
	expect(tree, file, "S:AI");
	expect(tree, own, "S:AI(AU;SA;FR;;;WD)");
	assert_int_equal(spread(tree), 0);
	tree_free(tree);
}

static void test_spread__trees_that_are_none(void **state)
{
	struct tree *tree = tree_new();
	struct sbk_buf text = SBK_BUF_INIT;
	int i;

	(void)state;
	(void)add(tree, 0, true, "D:AI(A;OICI;FR;;;WD)");
	(void)add(tree, 0, false, "D:AI");
	(void)add(tree, 0, false, "D:AI");
	tree->nodes[2].parent = 1; /* a file holds nothing */
	expect_refused(tree, 3, SBK_E_INVAL);
	tree->nodes[2].parent = 2;
	expect_refused(tree, 3, SBK_E_INVAL);
	tree->nodes[0].parent = 1;
	expect_refused(tree, 3, SBK_E_INVAL);
	expect_refused(tree, 0, SBK_E_INVAL);
	expect_refused(tree, SBK_SPREAD_NODES_MAX + 1, SBK_E_LIMIT);
	tree->part = SBK_SD_OWNER;
	expect_refused(tree, 3, SBK_E_INVAL);
	tree->part = SBK_SD_DACL;
	/* A full list has no room for an inherited entry. */
	tree->nodes[0].parent = tree->nodes[2].parent = 0;
	sbk_buf_adds(&text, "D:AI");
	for (i = 0; i < 3276; i++)
		sbk_buf_adds(&text, "(A;;FR;;;WD)");
	set_text(tree, 2, sbk_buf_text(&text));
	expect_refused(tree, 3, SBK_E_LIMIT);
	sbk_buf_release(&text);
	tree_free(tree);
}

/* A small generator of its own: the same trees on each machine. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void add_random_aces(struct sbk_buf *text, enum sbk_sd_part part,
			    uint32_t *seed)
{
	static const char *const types[] = {"D", "A"};
	static const char *const flags[] = {"",	    "OI",   "CI",  "OICI",
					    "OIIO", "CIIO", "CINP"};
	static const char *const masks[] = {"FA", "FR", "GA", "GW"};
	static const char *const sids[] = {"WD", "BA", "CO", "CG", USER};
	unsigned kind, i, count;

	for (kind = 0; kind < 2; kind++) {
		count = next_random(seed) % 3;
		for (i = 0; i < count; i++)
			sbk_buf_printf(text, "(%s;%s%s;%s;;;%s)",
				       part == SBK_SD_DACL ? types[kind] : "AU",
				       flags[next_random(seed) % 7],
				       part == SBK_SD_DACL ? "" : "SAFA",
				       masks[next_random(seed) % 4],
				       sids[next_random(seed) % 5]);
	}
}

static void random_tree(struct tree *tree, size_t count, bool with_explicit,
			uint32_t *seed)
{
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		size_t parent = i == 0 ? 0 : next_random(seed) % i;

		while (!tree->nodes[parent].is_container && i > 0)
			parent = tree->nodes[parent].parent;
		sbk_buf_clear(&text);
		sbk_buf_printf(&text, "O:%sG:%s%s:%s",
			       next_random(seed) % 2 ? "SY" : USER,
			       next_random(seed) % 2 ? "BU" : "SY",
			       tree->part == SBK_SD_DACL ? "D" : "S",
			       i > 0 && with_explicit &&
					       next_random(seed) % 9 == 0
				       ? "PAI"
				       : "AI");
		if (i == 0 || with_explicit)
			add_random_aces(&text, tree->part, seed);
		(void)add(tree, parent, i == 0 || next_random(seed) % 2 == 0,
			  sbk_buf_text(&text));
	}
	sbk_buf_release(&text);
}

/* Adds an entry to the root's list, or takes it out again. */
static void change_root(struct tree *tree, bool is_added)
{
	const struct sbk_ace_key key = {
		.type = tree->part == SBK_SD_DACL ? SBK_ACE_ALLOW
						  : SBK_ACE_AUDIT,
		.flags = SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT,
		.mask = SBK_FILE_ALL,
		.sid = sbk_sid_make(5, (const uint32_t[]){7}, 1),
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf list = SBK_BUF_INIT;
	size_t removed;

	if (is_added)
		assert_ok(sbk_nt_acl_add(list_of(tree, 0), &key, &list, &err),
			  &err);
	else
		assert_ok(sbk_nt_acl_remove(list_of(tree, 0), &key, 1, &list,
					    &removed, &err),
			  &err);
	set_list(tree, 0, (const uint8_t *)list.data, list.size,
		 tree->sds[0].control);
	sbk_buf_release(&list);
}

static void check_there_and_back(enum sbk_sd_part part, uint32_t *seed)
{
	struct tree *tree = tree_new(), *before = tree_new();
	size_t i, changed;

	tree->part = part;
	random_tree(tree, 100, true, seed);
	(void)spread(tree);
	assert_int_equal(spread(tree), 0);
	for (i = 0; i < tree->count; i++)
		sbk_buf_add(&before->bytes[i], tree->bytes[i].data,
			    tree->bytes[i].size);
	before->count = tree->count;

	change_root(tree, true);
	changed = spread(tree);
	assert_true(changed > 0);
	assert_int_equal(spread(tree), 0);
	change_root(tree, false);
	assert_int_equal(spread(tree), changed);
	for (i = 0; i < tree->count; i++) {
		assert_int_equal(tree->bytes[i].size, before->bytes[i].size);
		assert_memory_equal(tree->bytes[i].data, before->bytes[i].data,
				    before->bytes[i].size);
	}
	tree_free(before);
	tree_free(tree);
}

/* Once is enough; and what an addition changed, its removal gives back, byte
 * for byte. */
static void test_spread__properties_of_random_trees(void **state)
{
	uint32_t seed = 5;
	int round;

	(void)state;
	for (round = 0; round < 40; round++) {
		check_there_and_back(SBK_SD_DACL, &seed);
		check_there_and_back(SBK_SD_SACL, &seed);
	}
}

/* The descriptor with which a node would be created by the system anew. */
static void create_anew(const struct tree *tree, size_t index,
			struct sbk_buf *bytes, struct sbk_sd *anew)
{
	const struct sbk_sd *sd = &tree->sds[index];
	const struct sbk_inherit_request request = {
		.parent = &tree->sds[tree->nodes[index].parent],
		.is_container = tree->nodes[index].is_container,
		.flags = SBK_INHERIT_DACL | SBK_INHERIT_SACL,
		.owner = sd->owner,
		.group = sd->group,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_inherit_create(&request, bytes, &err), &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, anew,
			      &err),
		  &err);
}

static void check_against_creation(enum sbk_sd_part part, uint32_t *seed)
{
	struct tree *tree = tree_new();
	size_t i, compared = 0;

	tree->part = part;
	random_tree(tree, 100, false, seed);
	(void)spread(tree);
	for (i = 1; i < tree->count; i++) {
		struct sbk_buf bytes = SBK_BUF_INIT;
		struct sbk_sd anew;

		create_anew(tree, i, &bytes, &anew);
		if (list_of(tree, i)->count == 0) {
			assert_int_equal(part == SBK_SD_DACL ? anew.dacl_is
							     : anew.sacl_is,
					 SBK_ACL_ABSENT);
		} else {
			assert_true(sbk_sd_equal(&tree->sds[i], &anew));
			compared++;
		}
		sbk_buf_release(&bytes);
	}
	assert_true(compared > 0 || list_of(tree, 0)->count < 3);
	tree_free(tree);
}

/* Where no object has entries of its own, spreading gives each one the list
 * with which it would be created anew (its default list, where none). How
 * lists are created is compared with Samba, SACLs too. */
static void
test_spread__is_creating_anew_where_nothing_is_explicit(void **state)
{
	uint32_t seed = 11;
	int round;

	(void)state;
	for (round = 0; round < 40; round++) {
		check_against_creation(SBK_SD_DACL, &seed);
		check_against_creation(SBK_SD_SACL, &seed);
	}
}

static double seconds_for(size_t count)
{
	struct tree *tree = tree_new();
	struct sbk_spread_node *nodes = calloc(count, sizeof(*nodes));
	struct sbk_spread_request request;
	struct sbk_spread_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	clock_t start;
	size_t i;

	assert_non_null(nodes);
	(void)add(tree, 0, true, "D:AI(A;OICI;FR;;;WD)(A;OICIIO;GA;;;CO)");
	(void)add(tree, 0, true, "O:" USER "D:AI(A;OICIID;FA;;;BA)");
	(void)add(tree, 0, false, "O:" USER "D:AI(A;ID;FA;;;BA)");
	nodes[0] = tree->nodes[0];
	for (i = 1; i < count; i++) {
		bool is_container = i % 100 == 1;

		nodes[i] = tree->nodes[is_container ? 1 : 2];
		nodes[i].parent = is_container ? i / 200 * 100 + (i > 200)
					       : i - (i - 1) % 100;
	}
	start = clock();
	request = request_for(tree);
	request.nodes = nodes;
	request.count = count;
	assert_ok(sbk_inherit_spread(&request, &result, &err), &err);
	assert_int_equal(result.count, count - 1);
	/* Folders and files: two DACLs for all of them. */
	assert_true(result.lists.size < 500);
	sbk_spread_release(&result);
	free(nodes);
	tree_free(tree);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Ten times the nodes take about ten times the time: well below 100 times. */
static void test_spread__is_linear(void **state)
{
	double small = seconds_for(20000), large = seconds_for(200000);

	(void)state;
	print_message("20,000 nodes: %.3f s, 200,000: %.3f s\n", small, large);
	assert_true(large < 40 * small + 0.5);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_spread__an_entry_comes_and_goes),
	cmocka_unit_test(test_spread__no_dacl_becomes_an_empty_one),
	cmocka_unit_test(test_spread__the_nearest_parent_comes_first),
	cmocka_unit_test(test_spread__stops_at_protected_and_carved_nodes),
	cmocka_unit_test(test_spread__each_object_has_its_own_owner),
	cmocka_unit_test(
		test_spread__a_dacl_that_would_be_reordered_is_protected),
	cmocka_unit_test(test_spread__a_root_without_dacl_gives_nothing),
	cmocka_unit_test(test_spread__sacls_likewise),
	cmocka_unit_test(test_spread__without_a_sacl_nothing_is_inherited),
	cmocka_unit_test(test_spread__trees_that_are_none),
	cmocka_unit_test(test_spread__properties_of_random_trees),
	cmocka_unit_test(
		test_spread__is_creating_anew_where_nothing_is_explicit),
	cmocka_unit_test(test_spread__is_linear),
};

SBK_TEST_MAIN(tests)
