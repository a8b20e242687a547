/*
 * Helper threads. Owns their start and end; decides nothing about the work.
 *
 * All signals are blocked in a helper, so that handlers run where they did
 * before. A process that forked has none of its parent's helpers: there the
 * caller works alone.
 */
#include "engine/linux/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/limits.h"

#include "engine/banned.h"

/* Indexes taken at once: few enough to share evenly, many enough to be rare. */
#define STRIDE 8

struct sbk_pool {
	pthread_t threads[SBK_THREADS_MAX];
	unsigned thread_count;
	pid_t process;
	pthread_mutex_t mutex;
	pthread_cond_t begin, end;
	unsigned long round; /* grows with each run */
	unsigned busy;	     /* helpers that have not finished this round */
	bool closing;
	bool begun; /* the caller's: between begin and end */

	sbk_pool_work *work;
	void *arg;
	size_t count;
	atomic_size_t next;
};

static void take_share(struct sbk_pool *pool)
{
	for (;;) {
		size_t i = atomic_fetch_add(&pool->next, STRIDE);
		size_t end = i + STRIDE;

		if (i >= pool->count)
			return;
		if (end > pool->count)
			end = pool->count;
		for (; i < end; i++)
			pool->work(pool->arg, i);
	}
}

static void *help(void *arg)
{
	struct sbk_pool *pool = arg;
	unsigned long seen = 0;

	(void)pthread_mutex_lock(&pool->mutex); /* ours, and initialised */
	for (;;) {
		while (pool->round == seen && !pool->closing)
			(void)pthread_cond_wait(&pool->begin, &pool->mutex);
		if (pool->closing)
			break;
		seen = pool->round;
		(void)pthread_mutex_unlock(&pool->mutex);
		take_share(pool);
		(void)pthread_mutex_lock(&pool->mutex);
		if (--pool->busy == 0)
			(void)pthread_cond_signal(&pool->end);
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static void start_helpers(struct sbk_pool *pool, unsigned wanted)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return;
	while (pool->thread_count < wanted &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, help,
			      pool) == 0)
		pool->thread_count++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* as it was */
}

static struct sbk_pool *pool_new(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct sbk_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->process = getpid();
	if (pthread_mutex_init(&pool->mutex, NULL) != 0 ||
	    pthread_cond_init(&pool->begin, NULL) != 0 ||
	    pthread_cond_init(&pool->end, NULL) != 0) {
		free(pool);
		return NULL;
	}
	if (processors > SBK_THREADS_MAX)
		processors = SBK_THREADS_MAX;
	if (processors > 1)
		start_helpers(pool, (unsigned)processors - 1);
	return pool;
}

void sbk_pool_begin(struct sbk_pool **pool, sbk_pool_work *work, void *arg,
		    size_t count)
{
	struct sbk_pool *p = *pool;
	size_t i;

	if (p == NULL && count > STRIDE)
		p = *pool = pool_new();
	if (p == NULL || p->thread_count == 0 || count <= STRIDE ||
	    p->process != getpid()) {
		for (i = 0; i < count; i++)
			work(arg, i);
		return;
	}
	(void)pthread_mutex_lock(&p->mutex); /* ours, and initialised */
	p->work = work;
	p->arg = arg;
	p->count = count;
	atomic_store(&p->next, 0);
	p->busy = p->thread_count;
	p->round++;
	p->begun = true;
	(void)pthread_cond_broadcast(&p->begin);
	(void)pthread_mutex_unlock(&p->mutex);
}

void sbk_pool_end(struct sbk_pool *pool)
{
	if (pool == NULL || !pool->begun)
		return;
	take_share(pool);
	(void)pthread_mutex_lock(&pool->mutex); /* ours, and initialised */
	while (pool->busy > 0)
		(void)pthread_cond_wait(&pool->end, &pool->mutex);
	pool->begun = false;
	(void)pthread_mutex_unlock(&pool->mutex);
}

void sbk_pool_run(struct sbk_pool **pool, sbk_pool_work *work, void *arg,
		  size_t count)
{
	sbk_pool_begin(pool, work, arg, count);
	sbk_pool_end(*pool);
}

void sbk_pool_free(struct sbk_pool *pool)
{
	unsigned i;

	if (pool == NULL)
		return;
	if (pool->process == getpid()) {
		(void)pthread_mutex_lock(&pool->mutex);
		pool->closing = true;
		(void)pthread_cond_broadcast(&pool->begin);
		(void)pthread_mutex_unlock(&pool->mutex);
		for (i = 0; i < pool->thread_count; i++)
			(void)pthread_join(pool->threads[i], NULL);
		(void)pthread_mutex_destroy(&pool->mutex);
		(void)pthread_cond_destroy(&pool->begin);
		(void)pthread_cond_destroy(&pool->end);
	}
	free(pool);
}
