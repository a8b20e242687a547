/*
 * The trial of the network, with real sockets of the loopback (Wine's are
 * real). The accounts are simulated: whoever is let through sends in this very
 * process, whoever is kept off does not.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Before all that has windows.h. */
#include "engine/windows/win32_socket.h"

#include "engine/windows/setup_probe.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define ALL ((1u << SBK_TRIAL_PATH_COUNT) - 1)
#define OTHERS 80 /* more than are looked at */

/* What the simulated filters do, as bits of enum sbk_probe_path. */
struct world {
	unsigned online, offline; /* what gets through */
	uint32_t exit_code;	  /* 0: as the program gives it */
	bool wrong_token;
	int runs, fails_at;
	int others;	/* datagrams of somebody's, before */
	bool are_large; /* longer than a token */
};

/* Only the paths that are let through have a port. */
static void keep(char *out, size_t size, const char *ports, unsigned through)
{
	size_t used = 0;
	unsigned i;

	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++) {
		char *end;
		const unsigned long port = strtoul(ports, &end, 10);

		assert_true(end > ports);
		used += (size_t)snprintf(out + used, size - used, "%s%lu",
					 i > 0 ? "," : "",
					 (through & (1u << i)) != 0 ? port : 0);
		ports = end + 1;
	}
}

static int run(void *arg, enum sbk_nt_role role,
	       const char *const words[SBK_TRIAL_WORDS], uint32_t *exit_code,
	       struct sbk_error *err)
{
	struct world *world = arg;
	char ports[64], token[33];
	const char *const sent[SBK_TRIAL_WORDS] = {ports, token};
	int rc;

	if (++world->runs == world->fails_at)
		return sbk_error_set(err, SBK_E_DENIED, "no logon");
	(void)snprintf(token, sizeof(token), "%s", words[1]);
	if (world->wrong_token)
		token[0] = token[0] == '0' ? '1' : '0';
	keep(ports, sizeof(ports), words[0],
	     role == SBK_NT_ONLINE ? world->online : world->offline);
	rc = sbk_trial_send(sent, err);
	*exit_code = world->exit_code != 0 ? world->exit_code : (uint32_t)rc;
	return rc < 0 ? rc : 0;
}

static int try_it(struct world *world, struct sbk_error *err)
{
	const struct sbk_probe_request request = {.run = run,
						  .arg = world,
						  .first_port = 47100,
						  .last_port = 47115};

	return sbk_nt_setup_probe(&request, err);
}

static void test_setup_probe__online_through_and_offline_not(void **state)
{
	struct world world = {.online = ALL, .offline = SBK_TRIAL_PROXY};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(try_it(&world, &err), &err);
	assert_int_equal(world.runs, 2);
}

static void test_setup_probe__each_path_that_is_open_is_told(void **state)
{
	static const char *const names[] = {"TCP over IPv4", "UDP over IPv4",
					    "TCP over IPv6", "UDP over IPv6"};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) { /* IPv6 may be absent */
		struct world world = {.online = ALL,
				      .offline = SBK_TRIAL_PROXY | 1u << i};
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
		assert_non_null(strstr(err.message, names[i]));
		assert_non_null(strstr(err.message, "offline account"));
	}
}

/* Without its control the trial says nothing. */
static void
test_setup_probe__nothing_is_believed_without_a_control(void **state)
{
	struct world world = {.online = ALL - 1};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "online account"));
	world = (struct world){.online = ALL, .wrong_token = true};
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	world = (struct world){.online = ALL, .exit_code = 1};
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "did not run to its end"));
	world = (struct world){.online = ALL, .fails_at = 2};
	assert_error(try_it(&world, &err), SBK_E_DENIED, &err);
}

/* Nor without that of the Offline account itself, over the proxy's ports. */
static void
test_setup_probe__an_offline_that_sends_nothing_is_none(void **state)
{
	struct world world = {.online = ALL};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(try_it(&world, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "offline account"));
	assert_non_null(strstr(err.message, "a proxy's port"));
	assert_non_null(strstr(err.message, "says nothing"));
}

/* Somebody listens where the proxy might: then nothing is tried. */
static void test_setup_probe__proxys_ports_in_use_are_told(void **state)
{
	const struct sbk_socket_kind four = {false, false}, six = {true, false};
	struct world world = {.online = ALL, .offline = SBK_TRIAL_PROXY};
	struct sbk_error err = SBK_ERROR_INIT;
	SOCKET sockets[2] = {INVALID_SOCKET, INVALID_SOCKET};
	uint16_t port = 0;
	struct sbk_probe_request request = {.run = run, .arg = &world};
	int rc;

	(void)state;
	assert_ok(sbk_win32_sockets_begin(&err), &err);
	assert_ok(sbk_win32_socket_listen(&four, &sockets[0], &port, &err),
		  &err);
	rc = sbk_win32_socket_listen(&six, &sockets[1], &port, &err);
	assert_true(rc == 0 || rc == SBK_E_NOTFOUND);
	request.first_port = request.last_port = port;
	assert_error(sbk_nt_setup_probe(&request, &err), SBK_E_UNSUPPORTED,
		     &err);
	assert_non_null(strstr(err.message, "in use"));
	assert_int_equal(world.runs, 0);
	sbk_win32_close_socket(&sockets[0]);
	sbk_win32_close_socket(&sockets[1]);
	sbk_win32_sockets_end();
}

/* What others send does not count, and where it could hide something, nothing
 * is believed. */
static int run_among_others(void *arg, enum sbk_nt_role role,
			    const char *const words[SBK_TRIAL_WORDS],
			    uint32_t *exit_code, struct sbk_error *err)
{
	static const char large[60000] = "";
	const struct sbk_socket_kind udp = {false, true};
	struct world *world = arg;
	const char *data = world->are_large ? large : words[1];
	const size_t size = world->are_large ? sizeof(large) : 31;
	SOCKET s = INVALID_SOCKET;
	unsigned ports[2];
	int i;

	assert_int_equal(sscanf(words[0], "%u,%u", &ports[0], &ports[1]), 2);
	assert_ok(sbk_win32_socket_connect(&udp, (uint16_t)ports[1], &s, err),
		  err);
	for (i = 0; i < world->others; i++)
		assert_ok(sbk_win32_socket_send(s, data, size, err), err);
	sbk_win32_close_socket(&s);
	return run(arg, role, words, exit_code, err);
}

static void test_setup_probe__others_hide_nothing(void **state)
{
	struct world world = {.online = ALL, .offline = SBK_TRIAL_PROXY};
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_probe_request request = {.run = run_among_others,
						  .arg = &world,
						  .first_port = 47100,
						  .last_port = 47115};

	(void)state;
	world.others = 5;
	assert_ok(sbk_nt_setup_probe(&request, &err), &err);
	world.others = OTHERS;
	assert_error(sbk_nt_setup_probe(&request, &err), SBK_E_BUSY, &err);
	/* One that leaves no room behind it. */
	world.others = 1;
	world.are_large = true;
	assert_error(sbk_nt_setup_probe(&request, &err), SBK_E_BUSY, &err);
	assert_non_null(strstr(err.message, "UDP over IPv4"));
}

static void test_setup_probe__judges_every_path(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned there, through;

	(void)state;
	for (there = 0; there <= ALL; there++) {
		for (through = 0; through <= ALL; through++) {
			const bool can = (there & SBK_TRIAL_CLOSED) != 0;
			const int on = sbk_trial_judge("x", false, there,
						       through, &err);
			const int off = sbk_trial_judge("x", true, there,
							through, &err);

			assert_int_equal(on == 0,
					 can && (there & ~through) == 0);
			assert_int_equal(
				off == 0,
				can && (through & SBK_TRIAL_CLOSED) == 0 &&
					(there & SBK_TRIAL_PROXY & ~through) ==
						0);
		}
	}
}

static void test_setup_probe__other_words_are_refused(void **state)
{
	static const char *const bad[] = {"",
					  "1,2,3,4",
					  "1,2,3,4,5,6,7",
					  "1,2,3,4,5,x",
					  "1,2,3,4,5,65536",
					  "1,2,3,4,5,-1"};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[SBK_TRIAL_WORDS] = {
			bad[i], "00112233445566778899aabbccddeeff"};

		assert_error(sbk_trial_send(words, &err), SBK_E_INVAL, &err);
	}
}

/* --- each call of the system fails ---------------------------------------- */

static struct {
	unsigned calls, fails_at;
	int open, begun; /* sockets, uses of the library */
	struct sbk_win32_socket table;
} sim;

static bool fails(void)
{
	if (++sim.calls != sim.fails_at)
		return false;
	WSASetLastError(WSAENOBUFS);
	return true;
}

static int WSAAPI sim_WSAStartup(WORD version, LPWSADATA out)
{
	if (fails())
		return WSASYSNOTREADY;
	sim.begun++;
	return WSAStartup(version, out);
}

static int WSAAPI sim_WSACleanup(void)
{
	sim.begun--;
	return WSACleanup();
}

static SOCKET WSAAPI sim_socket(int family, int type, int protocol)
{
	const SOCKET s =
		fails() ? INVALID_SOCKET : socket(family, type, protocol);

	sim.open += s != INVALID_SOCKET;
	return s;
}

static int WSAAPI sim_closesocket(SOCKET s)
{
	sim.open--;
	return closesocket(s);
}

static int WSAAPI sim_setsockopt(SOCKET s, int level, int name,
				 const char *value, int size)
{
	return fails() ? SOCKET_ERROR : setsockopt(s, level, name, value, size);
}

static int WSAAPI sim_bind(SOCKET s, const struct sockaddr *name, int size)
{
	return fails() ? SOCKET_ERROR : bind(s, name, size);
}

static int WSAAPI sim_getsockname(SOCKET s, struct sockaddr *name, int *size)
{
	return fails() ? SOCKET_ERROR : getsockname(s, name, size);
}

static int WSAAPI sim_listen(SOCKET s, int backlog)
{
	return fails() ? SOCKET_ERROR : listen(s, backlog);
}

static SOCKET WSAAPI sim_accept(SOCKET s, struct sockaddr *name, int *size)
{
	const SOCKET got = fails() ? INVALID_SOCKET : accept(s, name, size);

	sim.open += got != INVALID_SOCKET;
	return got;
}

static int WSAAPI sim_connect(SOCKET s, const struct sockaddr *name, int size)
{
	return fails() ? SOCKET_ERROR : connect(s, name, size);
}

static int WSAAPI sim_send(SOCKET s, const char *data, int size, int flags)
{
	return fails() ? SOCKET_ERROR : send(s, data, size, flags);
}

static int WSAAPI sim_recv(SOCKET s, char *data, int size, int flags)
{
	return fails() ? SOCKET_ERROR : recv(s, data, size, flags);
}

static int WSAAPI sim_select(int ignored, fd_set *read, fd_set *write,
			     fd_set *except, const PTIMEVAL timeout)
{
	return fails() ? SOCKET_ERROR
		       : select(ignored, read, write, except, timeout);
}

static const struct sbk_win32_socket sim_table = {
	.WSAStartup = sim_WSAStartup,
	.WSACleanup = sim_WSACleanup,
	.WSAGetLastError = WSAGetLastError,
	.socket = sim_socket,
	.closesocket = sim_closesocket,
	.setsockopt = sim_setsockopt,
	.bind = sim_bind,
	.getsockname = sim_getsockname,
	.listen = sim_listen,
	.accept = sim_accept,
	.connect = sim_connect,
	.send = sim_send,
	.recv = sim_recv,
	.select = sim_select,
};

/* Whichever fails, nothing is held for tried that was not; nothing stays. */
static void test_setup_probe__each_call_may_fail(void **state)
{
	const unsigned step = (unsigned)sbk_test_step(3);
	struct sbk_win32 table = *sbk_win32;
	unsigned n, calls = 1;

	(void)state;
	table.socket = &sim_table;
	sbk_win32 = &table;
	for (n = 0; n <= calls; n += n == 0 ? 1 : step) {
		struct world world = {.online = ALL,
				      .offline = SBK_TRIAL_PROXY};
		struct sbk_error err = SBK_ERROR_INIT;
		int rc;

		memset(&sim, 0, sizeof(sim));
		sim.fails_at = n;
		rc = try_it(&world, &err);
		if (n == 0)
			calls = sim.calls;
		assert_int_equal(rc == 0, n == 0);
		assert_int_equal(sim.open, 0);
		assert_int_equal(sim.begun, 0);
	}
	assert_in_range(calls, 50, 200);
	sbk_win32 = &sbk_win32_system;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_probe__online_through_and_offline_not),
	cmocka_unit_test(test_setup_probe__each_path_that_is_open_is_told),
	cmocka_unit_test(
		test_setup_probe__nothing_is_believed_without_a_control),
	cmocka_unit_test(
		test_setup_probe__an_offline_that_sends_nothing_is_none),
	cmocka_unit_test(test_setup_probe__proxys_ports_in_use_are_told),
	cmocka_unit_test(test_setup_probe__others_hide_nothing),
	cmocka_unit_test(test_setup_probe__judges_every_path),
	cmocka_unit_test(test_setup_probe__other_words_are_refused),
	cmocka_unit_test(test_setup_probe__each_call_may_fail),
};

SBK_TEST_MAIN(tests)
