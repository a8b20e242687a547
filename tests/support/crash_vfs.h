/*
 * A SQLite VFS around the default one, in which every write, truncation and
 * sync is an operation of the fault plan (tests/support/fault.h), so that a
 * process can be stopped before any of them; and which can play a power cut.
 *
 * Method: at each xSync the file's whole content is copied to "NAME.synced".
 * A power cut puts those copies in place of the files: what was written after
 * the last sync of its file is lost. (Real disks may also keep some of it;
 * SQLite's own tests cover that. Ours is that we sync before we act.)
 */
#ifndef SBK_TEST_CRASH_VFS_H
#define SBK_TEST_CRASH_VFS_H

/* Makes the VFS the default one of this process. */
void crash_vfs_register(void);

/* Puts the synced copies in place of the database files in `directory`, as
 * after a power cut. No process may have them open. */
void crash_vfs_power_cut(const char *directory);

#endif
