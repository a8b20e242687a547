/* The form of a secret's file and state, the keyring, and the messages of the
 * handover: what is decided without Windows. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/windows/handover_rules.h"
#include "engine/windows/keyring.h"
#include "engine/windows/secret_rules.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define OTHER "bbcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define ACCOUNT "SandbookOffline"
#define INSTALLATION "0123456789abcdef0123456789abcdef"

static struct sbk_secret_label label_of(const char *account, const char *sid)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_secret_label label;
	struct sbk_sid bytes;

	assert_ok(sbk_sid_parse(sid, strlen(sid), &bytes, &err), &err);
	assert_ok(sbk_secret_label(&label, account, &bytes, INSTALLATION, &err),
		  &err);
	return label;
}

static void state_of(const struct sbk_secret_label *label, const char *password,
		     struct sbk_buf *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_buf_clear(out);
	assert_ok(sbk_secret_state(label, password, out, &err), &err);
}

static void test_secret_rules__the_state_says_which(void **state)
{
	const struct sbk_secret_label one = label_of(ACCOUNT, "S-1-5-21-7");
	const struct sbk_secret_label two = label_of(ACCOUNT, "S-1-5-21-8");
	const struct sbk_secret_label three =
		label_of("SandbookOnline", "S-1-5-21-7");
	struct sbk_buf a = SBK_BUF_INIT, b = SBK_BUF_INIT;

	(void)state;
	state_of(&one, PASSWORD, &a);
	assert_null(strstr(sbk_buf_text(&a), "abcdefghij"));
	assert_int_equal(strncmp(sbk_buf_text(&a),
				 "sid S-1-5-21-7\ninstallation " INSTALLATION
				 "\nhash ",
				 20),
			 0);
	state_of(&one, PASSWORD, &b);
	assert_string_equal(sbk_buf_text(&a), sbk_buf_text(&b));
	state_of(&one, OTHER, &b);
	assert_string_not_equal(sbk_buf_text(&a), sbk_buf_text(&b));
	/* The hash is over whose it is. */
	state_of(&two, PASSWORD, &b);
	assert_string_not_equal(strstr(sbk_buf_text(&a), "hash"),
				strstr(sbk_buf_text(&b), "hash"));
	state_of(&three, PASSWORD, &b);
	assert_string_not_equal(strstr(sbk_buf_text(&a), "hash"),
				strstr(sbk_buf_text(&b), "hash"));
	sbk_buf_release(&a);
	sbk_buf_release(&b);
}

static void test_secret_rules__labels_are_checked(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_secret_label label;
	struct sbk_sid sid = label_of(ACCOUNT, "S-1-5-7").sid;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	assert_error(sbk_secret_label(&label, "a/b", &sid, INSTALLATION, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_secret_label(&label, ACCOUNT, &sid, "0123", &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_secret_label(&label, ACCOUNT, &sid,
				      "0123456789ABCDEF0123456789ABCDEF", &err),
		     SBK_E_INVAL, &err);
	label = label_of(ACCOUNT, "S-1-5-7");
	assert_error(sbk_secret_state(&label, "short", &out, &err), SBK_E_INVAL,
		     &err);
	assert_int_equal(out.size, 0);
}

static void test_secret_rules__a_file_has_one_form(void **state)
{
	const struct sbk_secret_label label = label_of(ACCOUNT, "S-1-5-21-7");
	struct sbk_buf text = SBK_BUF_INIT, file = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_secret_parts found;
	size_t i, head;

	(void)state;
	state_of(&label, PASSWORD, &text);
	sbk_secret_file_head(ACCOUNT, (struct sbk_state){text.data, text.size},
			     &file);
	head = file.size;
	sbk_buf_add(&file, "\n\0blob", 6);
	assert_ok(sbk_secret_file_read(ACCOUNT, file.data, file.size, &found,
				       &err),
		  &err);
	assert_int_equal(found.head_size, head);
	assert_int_equal(found.blob_size, 6);
	assert_true(sbk_state_equal(found.state,
				    (struct sbk_state){text.data, text.size}));
	assert_true(sbk_sid_equal(&found.label.sid, &label.sid));
	assert_error(sbk_secret_file_read("SandbookOnline", file.data,
					  file.size, &found, &err),
		     SBK_E_PARSE, &err);
	/* Cut anywhere, or without a blob. */
	for (i = 0; i <= head; i++)
		assert_error(sbk_secret_file_read(ACCOUNT, file.data, i, &found,
						  &err),
			     SBK_E_PARSE, &err);
	/* Each byte of the head matters; hash digits are another password. */
	for (i = 0; i < head; i++) {
		file.data[i] ^= 0x20;
		if (sbk_secret_file_read(ACCOUNT, file.data, file.size, &found,
					 &err) == 0)
			assert_false(sbk_state_equal(
				found.state,
				(struct sbk_state){text.data, text.size}));
		file.data[i] ^= 0x20;
	}
	sbk_buf_release(&text);
	sbk_buf_release(&file);
}

static void test_secret_rules__the_keyring_forgets(void **state)
{
	struct sbk_keyring ring = {.entries = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	char out[SBK_PASSWORD_CHARACTERS + 1];

	(void)state;
	assert_null(sbk_keyring_look(&ring, ACCOUNT));
	assert_false(sbk_keyring_take(&ring, ACCOUNT, out));
	assert_ok(sbk_keyring_put(&ring, ACCOUNT, OTHER, &err), &err);
	assert_ok(sbk_keyring_put(&ring, ACCOUNT, PASSWORD, &err), &err);
	assert_ok(sbk_keyring_put(&ring, "b", OTHER, &err), &err);
	assert_ok(sbk_keyring_put(&ring, "c", OTHER, &err), &err);
	assert_ok(sbk_keyring_put(&ring, "d", OTHER, &err), &err);
	assert_error(sbk_keyring_put(&ring, "e", OTHER, &err), SBK_E_LIMIT,
		     &err);
	assert_error(sbk_keyring_put(&ring, "", OTHER, &err), SBK_E_INVAL,
		     &err);
	assert_error(sbk_keyring_put(&ring, "d", PASSWORD "x", &err),
		     SBK_E_INVAL, &err);
	assert_null(sbk_keyring_look(&ring, ""));
	assert_true(sbk_keyring_take(&ring, ACCOUNT, out));
	assert_string_equal(out, PASSWORD);
	assert_null(sbk_keyring_look(&ring, ACCOUNT));
	sbk_keyring_drop(&ring, "b");
	assert_null(sbk_keyring_look(&ring, "b"));
	assert_string_equal(sbk_keyring_look(&ring, "c"), OTHER);
	sbk_keyring_release(&ring);
	assert_null(sbk_keyring_look(&ring, "c"));
}

/* --- the handover --------------------------------------------------------- */

static struct sbk_handover_message secrets_message(void)
{
	struct sbk_handover_message message;

	memset(&message, 0, sizeof(message));
	message.type = SBK_HANDOVER_SECRETS;
	memset(message.nonce, 7, sizeof(message.nonce));
	message.secrets.count = 2;
	message.secrets.items[0].label = label_of(ACCOUNT, "S-1-5-21-7");
	(void)snprintf(message.secrets.items[0].password, 41, "%s", PASSWORD);
	message.secrets.items[1].label =
		label_of("SandbookOnline", "S-1-5-21-1-2-3-1006");
	(void)snprintf(message.secrets.items[1].password, 41, "%s", OTHER);
	return message;
}

static void expect_same(const struct sbk_handover_message *message)
{
	uint8_t bytes[SBK_HANDOVER_BYTES], again[SBK_HANDOVER_BYTES];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_handover_message found;

	assert_ok(sbk_handover_write(message, bytes, &err), &err);
	assert_ok(sbk_handover_read(bytes, &found, &err), &err);
	assert_int_equal(found.type, message->type);
	assert_ok(sbk_handover_write(&found, again, &err), &err);
	assert_memory_equal(bytes, again, sizeof(bytes));
}

static void test_secret_rules__messages_are_read_as_written(void **state)
{
	struct sbk_handover_message message = secrets_message();

	(void)state;
	expect_same(&message);
	message.type = SBK_HANDOVER_PROOFS;
	memset(message.proofs, 9, sizeof(message.proofs));
	expect_same(&message);
	message.type = SBK_HANDOVER_REFUSED;
	(void)snprintf(message.why, sizeof(message.why), "it is full");
	expect_same(&message);
	message.type = SBK_HANDOVER_DONE;
	expect_same(&message);
}

/* One form: a byte anywhere else is another message, or none. */
static void test_secret_rules__messages_have_one_form(void **state)
{
	const struct sbk_handover_message message = secrets_message();
	uint8_t bytes[SBK_HANDOVER_BYTES], again[SBK_HANDOVER_BYTES];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_handover_message found;
	size_t i;

	(void)state;
	assert_ok(sbk_handover_write(&message, bytes, &err), &err);
	for (i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x81;
		if (sbk_handover_read(bytes, &found, &err) == 0) {
			assert_ok(sbk_handover_write(&found, again, &err),
				  &err);
			assert_memory_equal(bytes, again, sizeof(bytes));
		}
		bytes[i] ^= 0x81;
	}
	bytes[4] = 2;
	assert_error(sbk_handover_read(bytes, &found, &err), SBK_E_UNSUPPORTED,
		     &err);
	bytes[4] = 1;
	bytes[12] = 3; /* three secrets */
	assert_error(sbk_handover_read(bytes, &found, &err), SBK_E_PARSE, &err);
	bytes[12] = 1; /* one, and the second's bytes behind it */
	assert_error(sbk_handover_read(bytes, &found, &err), SBK_E_PARSE, &err);
}

static void test_secret_rules__a_proof_is_of_one_secret(void **state)
{
	const struct sbk_secret_label label = label_of(ACCOUNT, "S-1-5-21-7");
	const struct sbk_secret_label two = label_of(ACCOUNT, "S-1-5-21-8");
	uint8_t nonce[SBK_HANDOVER_NONCE_BYTES] = {1};
	uint8_t a[SBK_HANDOVER_PROOF_BYTES], b[SBK_HANDOVER_PROOF_BYTES];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_handover_proof(nonce, &label, PASSWORD, a, &err), &err);
	assert_ok(sbk_handover_proof(nonce, &label, PASSWORD, b, &err), &err);
	assert_memory_equal(a, b, sizeof(a));
	assert_ok(sbk_handover_proof(nonce, &label, OTHER, b, &err), &err);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_ok(sbk_handover_proof(nonce, &two, PASSWORD, b, &err), &err);
	assert_memory_not_equal(a, b, sizeof(a));
	nonce[31] = 1;
	assert_ok(sbk_handover_proof(nonce, &label, PASSWORD, b, &err), &err);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void test_secret_rules__a_pipe_has_one_form_of_name(void **state)
{
	(void)state;
	assert_true(sbk_handover_name_is_ours("sandbook-" INSTALLATION));
	assert_false(sbk_handover_name_is_ours("sandbook-" INSTALLATION "0"));
	assert_false(sbk_handover_name_is_ours("sandbook-"));
	assert_false(sbk_handover_name_is_ours("sandbook-..\\..\\456789abcdef"
					       "0123456789abcdef"));
	assert_false(sbk_handover_name_is_ours("Sandbook-" INSTALLATION));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_secret_rules__the_state_says_which),
	cmocka_unit_test(test_secret_rules__labels_are_checked),
	cmocka_unit_test(test_secret_rules__a_file_has_one_form),
	cmocka_unit_test(test_secret_rules__the_keyring_forgets),
	cmocka_unit_test(test_secret_rules__messages_are_read_as_written),
	cmocka_unit_test(test_secret_rules__messages_have_one_form),
	cmocka_unit_test(test_secret_rules__a_proof_is_of_one_secret),
	cmocka_unit_test(test_secret_rules__a_pipe_has_one_form_of_name),
};

SBK_TEST_MAIN(tests)
