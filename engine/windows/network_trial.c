/*
 * The trial of the network; see the header. Owns the listeners, and that what
 * could not be told apart from silence is an error.
 */
#include "engine/windows/network_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before all that has windows.h, which would bring the older sockets. */
#include "engine/windows/win32_socket.h"

#include <sodium.h>

#include "engine/banned.h"

#define TOKEN_BYTES 16
#define TOKEN_DIGITS (2 * TOKEN_BYTES)
#define WAIT_MS 300	/* after the sender has ended; it is the same machine */
#define AFTER_MS 50	/* and after something of it has arrived */
#define ARRIVALS_MAX 64 /* of others' that are looked at */
#define BINDS_MAX 16
#define PORTS_TEXT (SBK_TRIAL_PATH_COUNT * 6)

static const struct {
	const char *name;
	struct sbk_socket_kind kind;
} paths[SBK_TRIAL_PATH_COUNT] = {
	[SBK_PROBE_TCP4] = {"TCP over IPv4", {false, false}},
	[SBK_PROBE_UDP4] = {"UDP over IPv4", {false, true}},
	[SBK_PROBE_TCP6] = {"TCP over IPv6", {true, false}},
	[SBK_PROBE_UDP6] = {"UDP over IPv6", {true, true}},
	[SBK_TRIAL_PROXY4] = {"TCP over IPv4 to a proxy's port",
			      {false, false}},
	[SBK_TRIAL_PROXY6] = {"TCP over IPv6 to a proxy's port", {true, false}},
};

struct sbk_trial {
	SOCKET sockets[SBK_TRIAL_PATH_COUNT];
	uint16_t ports[SBK_TRIAL_PATH_COUNT]; /* 0: no such loopback */
	uint16_t first_port, last_port;	      /* the proxy's; 0: none */
	bool has_sockets; /* the system's library is begun */
	bool is_large;	  /* a datagram longer than a token arrived */
	uint32_t wait_ms; /* while one is waited for, all have that time */
};

const char *sbk_probe_path_name(enum sbk_probe_path path)
{
	return paths[path].name;
}

/* --- deciding ------------------------------------------------------------- */

/* The first of these paths, for a message. */
static const char *first_of(unsigned bits)
{
	unsigned i = 0;

	while ((bits & (1u << i)) == 0)
		i++;
	return paths[i].name;
}

int sbk_trial_judge(const char *who, bool closed, unsigned there,
		    unsigned through, struct sbk_error *err)
{
	const unsigned leaked = closed ? through & SBK_TRIAL_CLOSED : 0;
	const unsigned wanted = closed ? there & SBK_TRIAL_PROXY : there;

	if ((there & SBK_TRIAL_CLOSED) == 0)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"this machine has no loopback, so what the "
			"filters do cannot be tried");
	if (leaked != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "as %s, %s got through although the "
				     "filters are there: this system does not "
				     "hold them for a run's token",
				     who, first_of(leaked));
	if ((wanted & ~through) != 0)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"as %s, %s did not get through on the loopback, so the "
			"trial says nothing of what the filters hold back; "
			"look which other firewall or filter blocks it",
			who, first_of(wanted & ~through));
	return 0;
}

/* --- listening ------------------------------------------------------------ */

unsigned sbk_trial_there(const struct sbk_trial *trial)
{
	unsigned there = 0, i;

	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++)
		there |= trial->ports[i] != 0 ? 1u << i : 0;
	return there;
}

static int listen_once(struct sbk_trial *trial, size_t path, uint16_t *port,
		       struct sbk_error *err)
{
	sbk_win32_close_socket(&trial->sockets[path]);
	return sbk_win32_socket_listen(&paths[path].kind, &trial->sockets[path],
				       port, err);
}

/* On a port that no filter permits. */
static int listen_closed(struct sbk_trial *trial, size_t path,
			 struct sbk_error *err)
{
	int tries, rc = 0;

	for (tries = 0; tries < BINDS_MAX; tries++) {
		uint16_t port = 0;

		rc = listen_once(trial, path, &port, err);
		if (rc == SBK_E_NOTFOUND)
			return 0;
		if (rc < 0)
			return rc;
		if (port < trial->first_port || port > trial->last_port) {
			trial->ports[path] = port;
			return 0;
		}
	}
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the system gives no port of the loopback but "
			     "those that a proxy may have");
}

/* On the first of a proxy's that is free, from one of them on: the next trial
 * takes another. Where none is, the path is not there (check_there). */
static int listen_proxy(struct sbk_trial *trial, size_t path,
			struct sbk_error *err)
{
	const uint32_t count =
		(uint32_t)(trial->last_port - trial->first_port) + 1;
	const uint32_t begin = randombytes_uniform(count);
	uint32_t i;
	int rc = SBK_E_BUSY;

	for (i = 0; rc == SBK_E_BUSY && i < count; i++) {
		uint16_t port =
			(uint16_t)(trial->first_port + (begin + i) % count);

		rc = listen_once(trial, path, &port, err);
		if (rc == 0)
			trial->ports[path] = port;
	}
	return rc == SBK_E_NOTFOUND || rc == SBK_E_BUSY ? 0 : rc;
}

/* Without one of the proxy's, nothing says that who is closed off sent at
 * all. */
static int check_there(const struct sbk_trial *trial, struct sbk_error *err)
{
	const unsigned there = sbk_trial_there(trial);

	if ((there & SBK_TRIAL_CLOSED) == 0)
		return sbk_trial_judge("", true, 0, 0, err);
	if (trial->first_port != 0 && (there & SBK_TRIAL_PROXY) == 0)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"every port of the loopback from %u to %u, "
			"which the filters leave to a proxy, is in "
			"use, so they cannot be tried; end what "
			"listens there for as long",
			trial->first_port, trial->last_port);
	return 0;
}

static int listen_all(struct sbk_trial *trial, struct sbk_error *err)
{
	size_t i;
	int rc = sbk_win32_sockets_begin(err);

	trial->has_sockets = rc == 0;
	for (i = 0; rc == 0 && i < SBK_TRIAL_PATH_COUNT; i++) {
		if (i < SBK_PROBE_PATH_COUNT)
			rc = listen_closed(trial, i, err);
		else if (trial->first_port != 0)
			rc = listen_proxy(trial, i, err);
	}
	return rc == 0 ? check_there(trial, err) : rc;
}

int sbk_trial_begin(uint16_t first_port, uint16_t last_port,
		    struct sbk_trial **out, struct sbk_error *err)
{
	struct sbk_trial *trial = calloc(1, sizeof(*trial));
	size_t i;
	int rc;

	if (trial == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++)
		trial->sockets[i] = INVALID_SOCKET;
	trial->first_port = first_port;
	trial->last_port = last_port;
	rc = listen_all(trial, err);
	if (rc == 0)
		*out = trial;
	else
		sbk_trial_end(trial);
	return rc;
}

void sbk_trial_end(struct sbk_trial *trial)
{
	size_t i;

	if (trial == NULL)
		return;
	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++)
		sbk_win32_close_socket(&trial->sockets[i]);
	if (trial->has_sockets)
		sbk_win32_sockets_end();
	free(trial);
}

/* --- what arrives --------------------------------------------------------- */

static int read_token(struct sbk_trial *trial, SOCKET s, const char *token,
		      bool *is, struct sbk_error *err)
{
	char data[TOKEN_DIGITS + 1];
	size_t got = 0;
	int rc = sbk_win32_socket_readable(s, WAIT_MS, err);

	if (rc > 0)
		rc = sbk_win32_socket_receive(s, data, sizeof(data), &got, err);
	if (rc == 0 && got == TOKEN_DIGITS &&
	    memcmp(data, token, TOKEN_DIGITS) == 0)
		*is = true;
	trial->is_large |= got > TOKEN_DIGITS;
	return rc < 0 ? rc : 0;
}

/* One that arrived; 1 where none did. */
static int look_once(struct sbk_trial *trial, size_t path, const char *token,
		     bool *is, struct sbk_error *err)
{
	SOCKET peer = INVALID_SOCKET;
	int rc = sbk_win32_socket_readable(trial->sockets[path], trial->wait_ms,
					   err);

	if (rc == 0)
		trial->wait_ms = 0;
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	if (paths[path].kind.datagram)
		return read_token(trial, trial->sockets[path], token, is, err);
	rc = sbk_win32_socket_accept(trial->sockets[path], &peer, err);
	if (rc == 0)
		rc = read_token(trial, peer, token, is, err);
	sbk_win32_close_socket(&peer);
	return rc;
}

static int look_at(struct sbk_trial *trial, size_t path, const char *token,
		   bool *is, struct sbk_error *err)
{
	size_t n;
	int rc = 0;

	trial->is_large = false;
	for (n = 0; rc == 0 && !*is && n < ARRIVALS_MAX; n++)
		rc = look_once(trial, path, token, is, err);
	/* Behind all that, the token may still be; or there was no room for
	 * its datagram any more. */
	if (!*is && (rc == 0 ||
		     (rc == 1 && trial->is_large && paths[path].kind.datagram)))
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "others send to the listeners of the trial "
				   "(%s), so it says nothing; try it again",
				   paths[path].name);
	return rc < 0 ? rc : 0;
}

/* What is sent last, and what no filter closes, first: what has not arrived
 * when that has is not waited for as long. */
static int look_all(struct sbk_trial *trial, const char *token, unsigned *out,
		    struct sbk_error *err)
{
	size_t left = SBK_TRIAL_PATH_COUNT;
	int rc = 0;

	*out = 0;
	trial->wait_ms = WAIT_MS;
	while (rc == 0 && left-- > 0) {
		bool is = false;

		if (trial->ports[left] != 0)
			rc = look_at(trial, left, token, &is, err);
		if (!is)
			continue;
		*out |= 1u << left;
		if (trial->wait_ms > AFTER_MS)
			trial->wait_ms = AFTER_MS;
	}
	return rc;
}

/* --- trying --------------------------------------------------------------- */

static void make_token(char out[TOKEN_DIGITS + 1])
{
	uint8_t bytes[TOKEN_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(out, TOKEN_DIGITS + 1, bytes, sizeof(bytes));
}

static void print_ports(const struct sbk_trial *trial, char out[PORTS_TEXT + 1])
{
	size_t i, used = 0;

	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++)
		used += (size_t)snprintf(out + used, PORTS_TEXT + 1 - used,
					 "%s%u", i > 0 ? "," : "",
					 trial->ports[i]);
}

int sbk_trial_try(struct sbk_trial *trial, const char *who,
		  sbk_trial_run_fn *run, void *arg, unsigned *through,
		  struct sbk_error *err)
{
	char ports[PORTS_TEXT + 1] = "", token[TOKEN_DIGITS + 1] = "";
	const char *const words[SBK_TRIAL_WORDS] = {ports, token};
	uint32_t exit_code = 0;
	int rc;

	make_token(token);
	print_ports(trial, ports);
	rc = run(arg, words, &exit_code, err);
	if (rc < 0)
		return rc;
	if (exit_code != SBK_TRIAL_TRIED)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the trial as %s did not run to its end "
				     "(exit code %lu), so it says nothing",
				     who, (unsigned long)exit_code);
	return look_all(trial, token, through, err);
}

/* --- the program that sends ----------------------------------------------- */

static bool read_ports(const char *text, uint16_t ports[SBK_TRIAL_PATH_COUNT])
{
	unsigned long value;
	char *end;
	size_t i;

	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++) {
		if (*text < '0' || *text > '9')
			return false;
		value = strtoul(text, &end, 10);
		if (value > UINT16_MAX ||
		    *end != (i + 1 < SBK_TRIAL_PATH_COUNT ? ',' : '\0'))
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

int sbk_trial_send(const char *const words[SBK_TRIAL_WORDS],
		   struct sbk_error *err)
{
	uint16_t ports[SBK_TRIAL_PATH_COUNT];
	size_t i;
	int rc;

	if (!read_ports(words[0], ports) || strlen(words[1]) != TOKEN_DIGITS)
		return sbk_error_set(err, SBK_E_INVAL,
				     "these are no ports and token of a trial");
	rc = sbk_win32_sockets_begin(err);
	if (rc < 0)
		return rc;
	for (i = 0; i < SBK_TRIAL_PATH_COUNT; i++)
		send_one(i, ports[i], words[1]);
	sbk_win32_sockets_end();
	return SBK_TRIAL_TRIED;
}

int sbk_trial_send_here(void *arg, const char *const words[SBK_TRIAL_WORDS],
			uint32_t *exit_code, struct sbk_error *err)
{
	const int rc = sbk_trial_send(words, err);

	(void)arg;
	*exit_code = rc < 0 ? 0 : (uint32_t)rc;
	return rc < 0 ? rc : 0;
}
