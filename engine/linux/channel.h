/*
 * What the front end and the first process of a run say to each other, over
 * a pair of sockets that no other process ever holds. Its end is the sign for
 * each side that the other is gone.
 */
#ifndef SBK_LINUX_CHANNEL_H
#define SBK_LINUX_CHANNEL_H

#include "engine/error.h"

enum sbk_message_type {
	/* To the front end, in this order. */
	SBK_MESSAGE_SETTLED, /* the namespaces exist and have their powers;
			      * value: 1 where the firewall refused the
			      * account */
	SBK_MESSAGE_TAKEN,   /* with an account: it has what the view shows */
	SBK_MESSAGE_READY,   /* everything stands; with a terminal's master */
	SBK_MESSAGE_STARTED, /* the command runs; value: 0, or why not (errno)
			      */
	SBK_MESSAGE_STOPPED, /* the command was stopped; value: the signal */
	SBK_MESSAGE_ENDED,   /* value: as waitpid gives it */
	SBK_MESSAGE_FAILED,  /* `error` says what */
	/* To the first process. */
	SBK_MESSAGE_SCOPE,    /* with a parcel (parcel.h) */
	SBK_MESSAGE_GO,	      /* start the command */
	SBK_MESSAGE_SIGNAL,   /* value: for the command */
	SBK_MESSAGE_CONTINUE, /* the command was stopped and goes on */
	SBK_MESSAGE_CLOSED    /* never sent: the other side is gone */
};

struct sbk_message {
	enum sbk_message_type type;
	int value;
	int fd; /* sent along, or -1; the receiver owns what it receives */
	struct sbk_error error;
};

/* A pair of ends, close-on-exec and above the standard descriptors. */
int sbk_channel_pair(int ends[2], struct sbk_error *err);

int sbk_channel_send(int end, const struct sbk_message *message,
		     struct sbk_error *err);
/* SBK_MESSAGE_CLOSED at the end. */
int sbk_channel_receive(int end, struct sbk_message *message,
			struct sbk_error *err);

/* The common case: a type and a value. */
int sbk_channel_say(int end, enum sbk_message_type type, int value,
		    struct sbk_error *err);

#endif
