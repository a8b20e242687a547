/*
 * A simulation of Windows behind the table of engine/windows/win32.h: one NTFS
 * volume in memory, with security descriptors by file id, and one caller.
 *
 * It is written from the pages that win32.h names, MS-DTYP and MS-FSA, and
 * decides access with engine/ntsec. It proves the order of our steps and what
 * we do with each answer; it proves nothing about Windows.
 *
 *	NtSetSecurityObject   the handle needs WRITE_DAC or WRITE_OWNER; an
 *owner that is not the caller or one of its groups that may own needs
 *SeRestorePrivilege; SE_DACL_AUTO_INHERITED is kept only beside
 *	                      SE_DACL_AUTO_INHERIT_REQ; nothing below is changed
 *	a new object          inherits from its directory (sbk_inherit_create)
 *	a moved object        keeps its descriptor and its id
 *
 * Each call of the table is one operation of tests/support/fault.h: the n-th
 * one fails with access denied, or ends the "process" (longjmp to `end`, after
 * which sim_process_ends closes what it had open, as the system would).
 */
#ifndef SBK_TEST_SIM_H
#define SBK_TEST_SIM_H

#include <setjmp.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/token.h"
#include "engine/windows/win32.h"
#include "tests/windows/sim_accounts.h"
#include "tests/windows/sim_check.h"
#include "tests/windows/sim_filters.h"
#include "tests/windows/sim_firewall.h"
#include "tests/windows/sim_processes.h"
#include "tests/windows/sim_profiles.h"
#include "tests/windows/sim_registry.h"

#define SIM_NODES_MAX 128
#define SIM_HANDLES_MAX 64
#define SIM_USER "S-1-5-21-1-2-3-1001"
#define SIM_ACCOUNT "S-1-5-21-1-2-3-1005"
#define SIM_VOLUME "12345678-9abc-def0-1234-56789abcdef0"

struct sim_node {
	WCHAR name[64];
	size_t parent; /* index; of the root its own */
	uint64_t id;   /* never used twice */
	DWORD attributes;
	DWORD links;
	bool gone;
	size_t target; /* of a reparse point: the node that it leads to */
	struct sbk_buf sd, durable; /* now, and after a power cut */
};

struct sim_handle {
	bool open, is_volume, is_process;
	size_t node; /* or the process */
	DWORD granted;
	size_t listed; /* entries given so far */
};

/* A right of the local policy: of a SID, whether it has an account or not. */
struct sim_right {
	bool held;
	struct sbk_sid sid;
	WCHAR name[64];
};

struct sim {
	struct sim_node nodes[SIM_NODES_MAX];
	size_t count;
	uint64_t next_id;
	struct sim_handle handles[SIM_HANDLES_MAX];
	DWORD last_error, thread; /* of the last call: of whom */
	struct sim_accounts accounts;
	struct sim_check check;
	struct sim_filters filters;
	struct sim_firewall firewall;
	struct sim_processes processes;
	struct sim_profiles profiles;
	struct sim_registry registry;
	struct sim_right rights[16];
	size_t policies; /* open handles of the policy */
	/* The caller. */
	struct sbk_sid user;
	struct sbk_group groups[4];
	size_t group_count;
	unsigned privileges; /* enum sbk_privileges */
	bool elevated;	     /* may open the volume itself */
	WCHAR drive;	     /* the volume's letter: 'C' */
	/* As Wine: descriptors are taken and not stored. */
	bool forgets;
	/* So many descriptors are stored otherwise than they were given. */
	unsigned alters;
	jmp_buf end;
};

/* The one world, and the table in its place; an ordinary user calls. */
struct sim *sim_begin(void);
/* The system's own table again. */
void sim_finish(struct sim *sim);

/* "C:/ws/a"; `sddl` NULL: what it inherits. Returns its index. Aborts where
 * its directory is missing. */
size_t sim_add(struct sim *sim, const char *path, bool is_directory,
	       const char *sddl);
/* The index, or SIZE_MAX. */
size_t sim_find(const struct sim *sim, const char *path);
/* Another program sets the descriptor. */
void sim_set(struct sim *sim, const char *path, const char *sddl);
void sim_rename(struct sim *sim, const char *from, const char *to);
/* The object and what is below it. */
void sim_remove(struct sim *sim, const char *path);
/* The caller becomes an administrator. */
void sim_elevate(struct sim *sim);
bool sim_is_elevated(void);
/* Handles are closed; the world stays. */
void sim_process_ends(struct sim *sim);
/* What was not flushed is lost. */
void sim_power_cut(struct sim *sim);
size_t sim_open_handles(const struct sim *sim);
/* Every path, id and descriptor as one text. */
void sim_print(const struct sim *sim, struct sbk_buf *out);

/* An account with this SID; and away with it, its rights staying. */
void sim_add_account(struct sim *sim, const char *sid);
void sim_remove_account(struct sim *sim, const char *sid);
size_t sim_rights_held(const struct sim *sim);
/* Another program gives the right. */
void sim_give_right(struct sim *sim, const char *sid, const WCHAR *name);

/* Its part of the table: sim_rights.c. The world that it works on; and
 * whether this call shall fail, which each asks first. */
extern const struct sbk_win32_rights sim_rights_table;
struct sim *sim_now(void);
/* The calls for profiles and for files of ours; the system's own at first. */
void sim_set_profiles(const struct sbk_win32_profile *profile,
		      const struct sbk_win32_file *file);
/* An open object, and with which rights; NULL. */
struct sim_node *sim_node_at(HANDLE handle, DWORD *granted);
/* The registry of the table; the system's own at first. */
void sim_set_registry(const struct sbk_win32_registry *registry);
bool sim_fails(void);

/* What NtSetSecurityObject makes of a descriptor; borrows both. */
void sim_take_sd(struct sbk_sd *sd, const struct sbk_sd *input,
		 SECURITY_INFORMATION what);

/* Between sim.c (the table) and sim_world.c (the volume). */
void sim_read_sd(const struct sim_node *node, struct sbk_sd *out);
void sim_set_sddl(struct sim_node *node, const char *sddl);
void sim_copy(struct sbk_buf *to, const struct sbk_buf *from);
/* The path below the drive, with '\\'; "" of its root. */
void sim_path(const struct sim *sim, size_t node, WCHAR *out, size_t size);

#endif
