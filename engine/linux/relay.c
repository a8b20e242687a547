/*
 * Two bounded buffers between two terminals. Reading stops while the other
 * side is not taken, so a slow reader slows the run and loses nothing.
 */
#include "engine/linux/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/banned.h"

/* A terminal that says it can take bytes may take few: write little at a
 * time, since its descriptor is the caller's and stays blocking. */
#define WRITE_BYTES 1024

void sbk_relay_enter(struct sbk_relay *relay)
{
	struct termios raw = relay->before;

	/* From the background we would be stopped for touching it. */
	if (relay->raw || tcgetpgrp(relay->in) != getpgrp())
		return;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(relay->in, TCSADRAIN, &raw) == 0)
		relay->raw = true;
}

void sbk_relay_leave(struct sbk_relay *relay)
{
	if (!relay->raw)
		return;
	/* A terminal that went away needs nothing back. */
	(void)tcsetattr(relay->in, TCSADRAIN, &relay->before);
	relay->raw = false;
}

void sbk_relay_start(struct sbk_relay *relay, int in, int out, int master,
		     const struct termios *before)
{
	relay->in = in;
	relay->out = out;
	relay->master = master;
	relay->raw = false;
	relay->in_open = true;
	relay->before = *before;
	relay->to_run.start = relay->to_run.size = 0;
	relay->to_caller.start = relay->to_caller.size = 0;
	sbk_relay_enter(relay);
}

size_t sbk_relay_poll(const struct sbk_relay *relay, struct pollfd *fds)
{
	size_t count = 0;

	if (relay->in_open && relay->raw && relay->to_run.size == 0)
		fds[count++] =
			(struct pollfd){.fd = relay->in, .events = POLLIN};
	if (relay->to_caller.size > 0)
		fds[count++] =
			(struct pollfd){.fd = relay->out, .events = POLLOUT};
	if (relay->master >= 0) {
		short events = 0;

		if (relay->to_caller.size == 0)
			events |= POLLIN;
		if (relay->to_run.size > 0)
			events |= POLLOUT;
		/* Without events a closed terminal would wake us for ever. */
		if (events != 0)
			fds[count++] = (struct pollfd){.fd = relay->master,
						       .events = events};
	}
	return count;
}

/* > 0: bytes came; 0: nothing now; < 0: closed. */
static int fill(struct sbk_relay_buffer *buffer, int fd)
{
	ssize_t got = read(fd, buffer->bytes, sizeof(buffer->bytes));

	if (got > 0) {
		buffer->start = 0;
		buffer->size = (size_t)got;
		return 1;
	}
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return -1;
}

/* 0, or < 0 when nobody takes the bytes any more. */
static int drain(struct sbk_relay_buffer *buffer, int fd)
{
	size_t size = buffer->size < WRITE_BYTES ? buffer->size : WRITE_BYTES;
	ssize_t put = write(fd, buffer->bytes + buffer->start, size);

	if (put >= 0) {
		buffer->start += (size_t)put;
		buffer->size -= (size_t)put;
		return 0;
	}
	if (errno == EINTR || errno == EAGAIN)
		return 0;
	buffer->size = 0;
	return -1;
}

void sbk_relay_close(struct sbk_relay *relay)
{
	if (relay->master >= 0)
		(void)close(relay->master); /* read to its end, or given up */
	relay->master = -1;
}

void sbk_relay_move(struct sbk_relay *relay, const struct pollfd *fds,
		    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		short ready = fds[i].revents;

		if (fds[i].fd == relay->in && (fds[i].events & POLLIN) &&
		    (ready & (POLLIN | POLLHUP | POLLERR)) &&
		    fill(&relay->to_run, relay->in) < 0)
			relay->in_open = false;
		if (fds[i].fd == relay->out && (fds[i].events & POLLOUT) &&
		    ready != 0)
			(void)drain(&relay->to_caller, relay->out);
		if (fds[i].fd != relay->master || relay->master < 0)
			continue;
		if (ready & POLLOUT)
			(void)drain(&relay->to_run, relay->master);
		if ((ready & (POLLIN | POLLHUP | POLLERR)) &&
		    (fds[i].events & POLLIN) &&
		    fill(&relay->to_caller, relay->master) < 0)
			sbk_relay_close(relay);
	}
}

bool sbk_relay_drained(const struct sbk_relay *relay)
{
	return relay->master < 0 && relay->to_caller.size == 0;
}

void sbk_relay_resize(const struct sbk_relay *relay)
{
	struct winsize window;

	if (relay->master >= 0 && ioctl(relay->in, TIOCGWINSZ, &window) == 0)
		/* A size that is not taken stays the old one: no harm. */
		(void)ioctl(relay->master, TIOCSWINSZ, &window);
}
