/*
 * What the attacks are aimed at, made fresh for each batch:
 *
 *	<base>/
 *	├── bin/attack  root-shell (set-user-id root, where the test is root)
 *	├── outside/    victim  secret  linked  socket
 *	├── home/       .ssh/id
 *	│   └── .local/state/sandbook/journal.db
 *	│   └── .config/sandbook/policy.json
 *	└── ws/         the writable root
 *	    ├── .git/config                (protected)
 *	    ├── .git2                      (a replacement that waits)
 *	    ├── nested/repo/.git/config    (protected)
 *	    ├── denied/secret  denied.txt  (denied)
 *	    ├── hard       a second name of outside/linked (protected)
 *	    ├── way-out -> ../outside
 *	    └── plain/ file victim         (free)
 *
 * and services, shared memory, a queue, a key and a process outside.
 */
#ifndef SBK_TESTS_ATTACK_WORLD_H
#define SBK_TESTS_ATTACK_WORLD_H

#include <sys/types.h>

struct world {
	char base[256];
	uid_t uid;	    /* who attacks */
	pid_t services;	    /* listens, and answers with a byte */
	pid_t victim;	    /* of `uid`, waits; SECRET is in its environment */
	int tcp, tcp6, udp; /* ports of the services */
	int shm_key, shm_id;
	char abstract[64], queue[64], key[64], dev_shm[64];
};

void world_make(struct world *world, uid_t uid, const char *attack_program);
/* Fails the test unless nothing outside was touched. */
void world_assert_unharmed(const struct world *world);
void world_remove(struct world *world);

/* "$O/victim" and the like, with the world's values put in. */
void world_expand(const struct world *world, const char *text, char *out,
		  size_t out_size);
/* A word that the victim's memory holds. */
extern char world_word[8];

#endif
