/*
 * Wrappers of the calls for sockets. Owns how each says that it failed, and
 * nothing else.
 */
#include "engine/windows/win32_socket.h"

#include <string.h>

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define BACKLOG 128 /* more than are looked at (network_trial.c) */

const struct sbk_win32_socket sbk_win32_socket_system = {
	.WSAStartup = WSAStartup,
	.WSACleanup = WSACleanup,
	.WSAGetLastError = WSAGetLastError,
	.socket = socket,
	.closesocket = closesocket,
	.setsockopt = setsockopt,
	.bind = bind,
	.getsockname = getsockname,
	.listen = listen,
	.accept = accept,
	.connect = connect,
	.send = send,
	.recv = recv,
	.select = select,
};

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static const struct sbk_win32_socket *calls(void)
{
	return sbk_win32->socket;
}

static int last(struct sbk_error *err, const char *call)
{
	const int code = calls()->WSAGetLastError();

	if (code == WSAEAFNOSUPPORT || code == WSAEADDRNOTAVAIL)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "%s: this machine has no loopback of that "
				     "family",
				     call);
	return sbk_error_set_win32(err, (uint32_t)code, "%s", call);
}

/* The loopback's address with that port; its size. */
static int address_of(const struct sbk_socket_kind *kind, uint16_t port,
		      union address *out)
{
	memset(out, 0, sizeof(*out));
	if (kind->six) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_port = htons(port);
		out->six.sin6_addr.s6_addr[15] = 1;
		return (int)sizeof(out->six);
	}
	out->four.sin_family = AF_INET;
	out->four.sin_port = htons(port);
	out->four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (int)sizeof(out->four);
}

int sbk_win32_sockets_begin(struct sbk_error *err)
{
	WSADATA data;
	const int code = calls()->WSAStartup(MAKEWORD(2, 2), &data);

	return code == 0
		       ? 0
		       : sbk_error_set_win32(err, (uint32_t)code, "WSAStartup");
}

void sbk_win32_sockets_end(void)
{
	(void)calls()->WSACleanup(); /* as free() */
}

void sbk_win32_close_socket(SOCKET *s)
{
	if (*s != INVALID_SOCKET)
		(void)calls()->closesocket(*s); /* nothing is left to send */
	*s = INVALID_SOCKET;
}

static int make(const struct sbk_socket_kind *kind, SOCKET *out,
		struct sbk_error *err)
{
	*out = calls()->socket(kind->six ? AF_INET6 : AF_INET,
			       kind->datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
	return *out == INVALID_SOCKET ? last(err, "socket") : 0;
}

static int last_of_bind(bool chosen, struct sbk_error *err)
{
	const int code = calls()->WSAGetLastError();

	if (chosen && (code == WSAEADDRINUSE || code == WSAEACCES))
		return sbk_error_set(err, SBK_E_BUSY,
				     "bind: the port is in use");
	return last(err, "bind");
}

int sbk_win32_socket_listen(const struct sbk_socket_kind *kind, SOCKET *out,
			    uint16_t *port, struct sbk_error *err)
{
	union address address;
	int size = address_of(kind, *port, &address);
	const BOOL alone = TRUE;
	SOCKET s;
	int rc = make(kind, &s, err);

	/* Else another program of the same user could have what arrives, by
	 * SO_REUSEADDR ("Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"). */
	if (rc == 0 &&
	    calls()->setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE,
				(const char *)&alone, sizeof(alone)) != 0)
		rc = last(err, "setsockopt");
	if (rc == 0 && calls()->bind(s, &address.any, size) != 0)
		rc = last_of_bind(*port != 0, err);
	if (rc == 0 && calls()->getsockname(s, &address.any, &size) != 0)
		rc = last(err, "getsockname");
	if (rc == 0 && !kind->datagram && calls()->listen(s, BACKLOG) != 0)
		rc = last(err, "listen");
	if (rc < 0) {
		sbk_win32_close_socket(&s);
		return rc;
	}
	*port = ntohs(kind->six ? address.six.sin6_port
				: address.four.sin_port);
	*out = s;
	return 0;
}

int sbk_win32_socket_connect(const struct sbk_socket_kind *kind, uint16_t port,
			     SOCKET *out, struct sbk_error *err)
{
	union address address;
	const int size = address_of(kind, port, &address);
	SOCKET s;
	int rc = make(kind, &s, err);

	if (rc == 0 && calls()->connect(s, &address.any, size) != 0)
		rc = last(err, "connect");
	if (rc < 0) {
		sbk_win32_close_socket(&s);
		return rc;
	}
	*out = s;
	return 0;
}

int sbk_win32_socket_send(SOCKET s, const void *data, size_t size,
			  struct sbk_error *err)
{
	const int sent = calls()->send(s, data, (int)size, 0);

	if (sent == SOCKET_ERROR)
		return last(err, "send");
	return (size_t)sent == size
		       ? 0
		       : sbk_error_set(err, SBK_E_IO, "send took a part only");
}

int sbk_win32_socket_readable(SOCKET s, uint32_t milliseconds,
			      struct sbk_error *err)
{
	struct timeval wait = {.tv_sec = (long)(milliseconds / 1000),
			       .tv_usec = (long)(milliseconds % 1000) * 1000};
	fd_set set = {.fd_count = 1, .fd_array = {s}};
	const int got = calls()->select(0, &set, NULL, NULL, &wait);

	return got == SOCKET_ERROR ? last(err, "select") : got > 0;
}

int sbk_win32_socket_accept(SOCKET s, SOCKET *out, struct sbk_error *err)
{
	const SOCKET got = calls()->accept(s, NULL, NULL);

	if (got == INVALID_SOCKET)
		return last(err, "accept");
	*out = got;
	return 0;
}

int sbk_win32_socket_receive(SOCKET s, void *data, size_t size, size_t *got,
			     struct sbk_error *err)
{
	const int count = calls()->recv(s, data, (int)size, 0);
	int code;

	*got = 0;
	if (count == SOCKET_ERROR) {
		code = calls()->WSAGetLastError();
		/* "recv function": filled, and what did not fit is lost. */
		if (code == WSAEMSGSIZE)
			*got = size;
		if (code == WSAEMSGSIZE || code == WSAECONNRESET)
			return 0;
		return sbk_error_set_win32(err, (uint32_t)code, "recv");
	}
	*got = (size_t)count;
	return 0;
}
