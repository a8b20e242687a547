/* See the header. */
#include "tests/windows/enrolled.h"

#include "engine/windows/secret.h"
#include "engine/windows/wide.h"
#include "tests/support/test.h"

#include "engine/banned.h"

void enrolled_make(struct sim *sim, const WCHAR *wide,
		   enum sbk_principal_role role, const struct sbk_sid *sid,
		   const struct sbk_sid *person)
{
	struct sim_account *account = sim_make_account(sim, wide, false);
	struct sbk_buf plain = SBK_BUF_INIT, sealed = SBK_BUF_INIT;
	struct sbk_sid_text text;
	char name[64];

	assert_true(WideCharToMultiByte(CP_UTF8, 0, wide, -1, name,
					sizeof(name), NULL, NULL) > 0);
	account->sid = *sid;
	(void)sbk_sid_format(person, &text);
	sbk_nt_comment_make(&plain, sbk_nt_role_words(role), name, text.text,
			    ENROLLED_NONCE);
	sbk_nt_comment_seal(&sealed, sbk_buf_text(&plain), sid);
	(void)MultiByteToWideChar(CP_UTF8, 0, sbk_buf_text(&sealed), -1,
				  account->comment, 300);
	sbk_buf_release(&plain);
	sbk_buf_release(&sealed);
}

void enrolled_keep(const char *account, const struct sbk_sid *sid)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_secret_label label;
	struct sbk_store *store = NULL;

	assert_ok(sbk_secret_store(SBK_STORE_CREATE, &store, &err), &err);
	assert_ok(sbk_secret_label(&label, account, sid, ENROLLED_NONCE, &err),
		  &err);
	assert_ok(sbk_secret_remove(store, account, &err), &err);
	assert_ok(sbk_secret_keep(store, &label, ENROLLED_PASSWORD, &err),
		  &err);
	sbk_store_close(store);
}

void enrolled_forget(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_store *store = NULL;

	if (sbk_secret_store(SBK_STORE_READ, &store, &err) == 0) {
		assert_ok(sbk_secret_remove(store, "SandbookOffline", &err),
			  &err);
		assert_ok(sbk_secret_remove(store, "SandbookOnline", &err),
			  &err);
	}
	sbk_store_close(store);
}
