/*
 * The part of the table of win32.h for sockets, and its wrappers. Sockets of
 * the loopback alone; nothing here reaches a network.
 */
#ifndef SBK_WINDOWS_WIN32_SOCKET_H
#define SBK_WINDOWS_WIN32_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <winsock2.h>

#include <ws2tcpip.h>

#include "engine/error.h"

struct sbk_win32_socket {
	int(WSAAPI *WSAStartup)(WORD version, LPWSADATA out);
	int(WSAAPI *WSACleanup)(void);
	int(WSAAPI *WSAGetLastError)(void);
	SOCKET(WSAAPI *socket)(int family, int type, int protocol);
	int(WSAAPI *closesocket)(SOCKET s);
	int(WSAAPI *setsockopt)(SOCKET s, int level, int name,
				const char *value, int size);
	int(WSAAPI *bind)(SOCKET s, const struct sockaddr *name, int size);
	int(WSAAPI *getsockname)(SOCKET s, struct sockaddr *name, int *size);
	int(WSAAPI *listen)(SOCKET s, int backlog);
	SOCKET(WSAAPI *accept)(SOCKET s, struct sockaddr *name, int *size);
	int(WSAAPI *connect)(SOCKET s, const struct sockaddr *name, int size);
	int(WSAAPI *send)(SOCKET s, const char *data, int size, int flags);
	int(WSAAPI *recv)(SOCKET s, char *data, int size, int flags);
	int(WSAAPI *select)(int ignored, fd_set *read, fd_set *write,
			    fd_set *except, const PTIMEVAL timeout);
};

extern const struct sbk_win32_socket sbk_win32_socket_system;

/* Which loopback, and how. */
struct sbk_socket_kind {
	bool six; /* IPv6: ::1; else 127.0.0.1 */
	bool datagram;
};

/* "WSAStartup function (winsock2.h)", version 2.2; WSACleanup for each that
 * worked. */
int sbk_win32_sockets_begin(struct sbk_error *err);
void sbk_win32_sockets_end(void);
/*
 * A socket that is bound to `*port` of the loopback, 0: one that the system
 * chooses, which is then `*port`; and listens where it is no datagram's:
 * "socket", "bind", "getsockname", "listen function (winsock2.h)".
 * SBK_E_NOTFOUND where the machine has no loopback of that family
 * (WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL), SBK_E_BUSY where somebody has the port
 * (WSAEADDRINUSE; of one that is another's alone WSAEACCES).
 */
int sbk_win32_socket_listen(const struct sbk_socket_kind *kind, SOCKET *out,
			    uint16_t *port, struct sbk_error *err);
/* "connect function (winsock2.h)" to that port, of a datagram's socket, too;
 * errors as the system gives them. */
int sbk_win32_socket_connect(const struct sbk_socket_kind *kind, uint16_t port,
			     SOCKET *out, struct sbk_error *err);
/* "closesocket function (winsock2.h)"; INVALID_SOCKET is left alone. */
void sbk_win32_close_socket(SOCKET *s);
/* "send function (winsock2.h)" of all of it at once. */
int sbk_win32_socket_send(SOCKET s, const void *data, size_t size,
			  struct sbk_error *err);
/* 1 where something can be read, or accepted, within so many milliseconds; 0
 * where not: "select function (winsock2.h)". */
int sbk_win32_socket_readable(SOCKET s, uint32_t milliseconds,
			      struct sbk_error *err);
/* "accept function (winsock2.h)" */
int sbk_win32_socket_accept(SOCKET s, SOCKET *out, struct sbk_error *err);
/* "recv function (winsock2.h)": how much; 0 at the end of a stream. Of a
 * datagram that is longer (WSAEMSGSIZE) what fits; of a peer that is gone
 * (WSAECONNRESET), as of nothing: 0. */
int sbk_win32_socket_receive(SOCKET s, void *data, size_t size, size_t *got,
			     struct sbk_error *err);

#endif
