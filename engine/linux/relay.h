/*
 * The terminal: bytes between the caller's terminal and the run's own. Never
 * drops a byte, never grows.
 */
#ifndef SBK_LINUX_RELAY_H
#define SBK_LINUX_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define SBK_RELAY_BYTES 65536

struct sbk_relay_buffer {
	size_t start, size;
	char bytes[SBK_RELAY_BYTES];
};

struct sbk_relay {
	int in, out; /* the caller's terminal */
	int master;  /* of the run's terminal; -1 once it is closed */
	bool raw;    /* the caller's terminal is in our mode now */
	bool in_open;
	struct termios before;
	struct sbk_relay_buffer to_run, to_caller;
};

/* Takes over the caller's terminal if we are in its foreground. */
void sbk_relay_start(struct sbk_relay *relay, int in, int out, int master,
		     const struct termios *before);
void sbk_relay_enter(struct sbk_relay *relay);
/* Gives the caller's terminal back as it was. Harmless twice. */
void sbk_relay_leave(struct sbk_relay *relay);

/* Fills up to three entries; returns their number. */
size_t sbk_relay_poll(const struct sbk_relay *relay, struct pollfd *fds);
/* Moves bytes as `fds` allow. */
void sbk_relay_move(struct sbk_relay *relay, const struct pollfd *fds,
		    size_t count);
/* Everything that the run has written is out. */
bool sbk_relay_drained(const struct sbk_relay *relay);
/* Carries the caller's window size over. */
void sbk_relay_resize(const struct sbk_relay *relay);
void sbk_relay_close(struct sbk_relay *relay);

#endif
