/*
 * What the firewall does to a uid, by trying: a child becomes the uid, without
 * any capability, and sends to a listener of our own on the loopback. No
 * packet goes to a network.
 *
 * Root only. Linked from the system's folder.
 */
#ifndef SBK_NETWORK_PROBE_H
#define SBK_NETWORK_PROBE_H

#include <stdint.h>

#include "engine/error.h"

enum sbk_probe_path {
	SBK_PROBE_TCP4,
	SBK_PROBE_UDP4,
	SBK_PROBE_TCP6,
	SBK_PROBE_UDP6,
	SBK_PROBE_PATH_COUNT
};

/* "TCP over IPv4" */
const char *sbk_probe_path_name(enum sbk_probe_path path);

enum sbk_probe_result {
	SBK_PROBE_THROUGH, /* it arrived */
	SBK_PROBE_REFUSED, /* refused at once, and nothing arrived */
	SBK_PROBE_LOST,	   /* sent without an error, and nothing arrived */
	SBK_PROBE_ABSENT   /* this host has no loopback of that family */
};

const char *sbk_probe_result_name(enum sbk_probe_result result);

struct sbk_network_probe {
	enum sbk_probe_result results[SBK_PROBE_PATH_COUNT];
};

/* 0 and a result for each path; an error only where it cannot be tried. */
int sbk_network_probe(uint32_t uid, struct sbk_network_probe *out,
		      struct sbk_error *err);

#endif
