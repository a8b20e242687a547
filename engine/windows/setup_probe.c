/*
 * The trial of the network; see the header. What arrives is hostile: anybody
 * may send to a port of the loopback. Only the token of this trial counts.
 */
#include "engine/windows/setup_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before all that has windows.h, which would bring the older sockets. */
#include "engine/windows/win32_socket.h"

#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

#define TOKEN_BYTES 16
#define TOKEN_DIGITS (2 * TOKEN_BYTES)
#define WAIT_MS 300	/* after the sender has ended; it is the same machine */
#define ARRIVALS_MAX 64 /* of others' that are looked at */
#define BINDS_MAX 16

static const struct {
	const char *name;
	struct sbk_socket_kind kind;
} paths[SBK_PROBE_PATH_COUNT] = {
	[SBK_PROBE_TCP4] = {"TCP over IPv4", {false, false}},
	[SBK_PROBE_UDP4] = {"UDP over IPv4", {false, true}},
	[SBK_PROBE_TCP6] = {"TCP over IPv6", {true, false}},
	[SBK_PROBE_UDP6] = {"UDP over IPv6", {true, true}},
};

struct listeners {
	SOCKET sockets[SBK_PROBE_PATH_COUNT];
	uint16_t ports[SBK_PROBE_PATH_COUNT]; /* 0: no such loopback */
	uint32_t wait_ms; /* while one is waited for, all have that time */
};

/* --- deciding ------------------------------------------------------------- */

int sbk_nt_probe_judge(enum sbk_nt_role role, unsigned there, unsigned through,
		       struct sbk_error *err)
{
	const unsigned wanted = role == SBK_NT_ONLINE ? there : 0;
	unsigned i;

	if (there == 0)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"this machine has no loopback, so what the "
			"filters do cannot be tried");
	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++) {
		if (((through ^ wanted) & (1u << i)) == 0)
			continue;
		if (role == SBK_NT_ONLINE)
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"as the online account, %s did not get through "
				"on the loopback, so the trial says nothing of "
				"the offline one; look which other firewall or "
				"filter blocks it",
				paths[i].name);
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "as the offline account, %s got through "
				     "although the filters are there: this "
				     "system does not hold them for a run's "
				     "token",
				     paths[i].name);
	}
	return 0;
}

/* --- listening ------------------------------------------------------------ */

static void close_all(struct listeners *l)
{
	size_t i;

	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++)
		sbk_win32_close_socket(&l->sockets[i]);
}

static int listen_one(const struct sbk_probe_request *request,
		      struct listeners *l, size_t path, struct sbk_error *err)
{
	uint16_t port = 0;
	int tries, rc = 0;

	for (tries = 0; tries < BINDS_MAX; tries++) {
		sbk_win32_close_socket(&l->sockets[path]);
		rc = sbk_win32_socket_listen(&paths[path].kind,
					     &l->sockets[path], &port, err);
		if (rc == SBK_E_NOTFOUND)
			return 0;
		if (rc < 0)
			return rc;
		if (port < request->first_port || port > request->last_port) {
			l->ports[path] = port;
			return 0;
		}
	}
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the system gives no port of the loopback but "
			     "those that a proxy may have");
}

static int listen_all(const struct sbk_probe_request *request,
		      struct listeners *l, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++) {
		l->sockets[i] = INVALID_SOCKET;
		l->ports[i] = 0;
	}
	for (i = 0; rc == 0 && i < SBK_PROBE_PATH_COUNT; i++)
		rc = listen_one(request, l, i, err);
	return rc;
}

static int read_token(SOCKET s, const char *token, bool *is,
		      struct sbk_error *err)
{
	char data[TOKEN_DIGITS + 1];
	size_t got = 0;
	int rc = sbk_win32_socket_readable(s, WAIT_MS, err);

	if (rc > 0)
		rc = sbk_win32_socket_receive(s, data, sizeof(data), &got, err);
	if (rc == 0 && got == TOKEN_DIGITS &&
	    memcmp(data, token, TOKEN_DIGITS) == 0)
		*is = true;
	return rc < 0 ? rc : 0;
}

/* One that arrived; 1 where none did. */
static int look_once(struct listeners *l, size_t path, const char *token,
		     bool *is, struct sbk_error *err)
{
	SOCKET peer = INVALID_SOCKET;
	int rc = sbk_win32_socket_readable(l->sockets[path], l->wait_ms, err);

	if (rc == 0)
		l->wait_ms = 0;
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	if (paths[path].kind.datagram)
		return read_token(l->sockets[path], token, is, err);
	rc = sbk_win32_socket_accept(l->sockets[path], &peer, err);
	if (rc == 0)
		rc = read_token(peer, token, is, err);
	sbk_win32_close_socket(&peer);
	return rc;
}

static int look_all(struct listeners *l, const char *token, unsigned *out,
		    struct sbk_error *err)
{
	size_t i, n;
	int rc = 0;

	*out = 0;
	l->wait_ms = WAIT_MS;
	for (i = 0; rc >= 0 && i < SBK_PROBE_PATH_COUNT; i++) {
		bool is = false;

		rc = l->ports[i] == 0;
		for (n = 0; rc == 0 && !is && n < ARRIVALS_MAX; n++)
			rc = look_once(l, i, token, &is, err);
		*out |= is ? 1u << i : 0;
	}
	return rc < 0 ? rc : 0;
}

/* --- trying --------------------------------------------------------------- */

static int make_token(char out[TOKEN_DIGITS + 1], struct sbk_error *err)
{
	uint8_t bytes[TOKEN_BYTES];
	size_t i;
	int rc = sbk_win32_random(NULL, bytes, sizeof(bytes), err);

	for (i = 0; rc == 0 && i < sizeof(bytes); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return rc;
}

static int try_role(const struct sbk_probe_request *request,
		    struct listeners *l, enum sbk_nt_role role,
		    struct sbk_error *err)
{
	char ports[64], token[TOKEN_DIGITS + 1] = "";
	const char *const words[SBK_PROBE_WORDS] = {ports, token};
	unsigned through = 0, there = 0, i;
	uint32_t exit_code = 0;
	int rc = make_token(token, err);

	(void)snprintf(ports, sizeof(ports), "%u,%u,%u,%u", l->ports[0],
		       l->ports[1], l->ports[2], l->ports[3]);
	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++)
		there |= l->ports[i] != 0 ? 1u << i : 0;
	if (rc == 0)
		rc = request->run(request->arg, role, words, &exit_code, err);
	if (rc == 0 && exit_code != SBK_PROBE_TRIED)
		rc = sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"the trial as the %s account did not run to "
			"its end (exit code %lu), so it says nothing",
			role == SBK_NT_ONLINE ? "online" : "offline",
			(unsigned long)exit_code);
	if (rc == 0)
		rc = look_all(l, token, &through, err);
	return rc < 0 ? rc : sbk_nt_probe_judge(role, there, through, err);
}

int sbk_nt_setup_probe(const struct sbk_probe_request *request,
		       struct sbk_error *err)
{
	struct listeners listeners;
	int rc = sbk_win32_sockets_begin(err);

	if (rc < 0)
		return rc;
	rc = listen_all(request, &listeners, err);
	/* First the control, which says that the trial can be believed. */
	if (rc == 0)
		rc = try_role(request, &listeners, SBK_NT_ONLINE, err);
	if (rc == 0)
		rc = try_role(request, &listeners, SBK_NT_OFFLINE, err);
	close_all(&listeners);
	sbk_win32_sockets_end();
	return rc;
}

/* --- the program that sends ----------------------------------------------- */

static bool read_ports(const char *text, uint16_t ports[SBK_PROBE_PATH_COUNT])
{
	unsigned long value;
	char *end;
	size_t i;

	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++) {
		if (*text < '0' || *text > '9')
			return false;
		value = strtoul(text, &end, 10);
		if (value > UINT16_MAX ||
		    *end != (i + 1 < SBK_PROBE_PATH_COUNT ? ',' : '\0'))
			return false;
		ports[i] = (uint16_t)value;
		text = end + 1;
	}
	return true;
}

/* What fails here is for the listener to miss. */
static void send_one(size_t path, uint16_t port, const char *token)
{
	SOCKET s = INVALID_SOCKET;

	if (port != 0 &&
	    sbk_win32_socket_connect(&paths[path].kind, port, &s, NULL) == 0)
		(void)sbk_win32_socket_send(s, token, TOKEN_DIGITS, NULL);
	sbk_win32_close_socket(&s);
}

int sbk_nt_probe_send(const char *const words[SBK_PROBE_WORDS],
		      struct sbk_error *err)
{
	uint16_t ports[SBK_PROBE_PATH_COUNT];
	size_t i;
	int rc;

	if (!read_ports(words[0], ports) || strlen(words[1]) != TOKEN_DIGITS)
		return sbk_error_set(err, SBK_E_INVAL,
				     "these are no ports and token of a trial");
	rc = sbk_win32_sockets_begin(err);
	if (rc < 0)
		return rc;
	for (i = 0; i < SBK_PROBE_PATH_COUNT; i++)
		send_one(i, ports[i], words[1]);
	sbk_win32_sockets_end();
	return SBK_PROBE_TRIED;
}
