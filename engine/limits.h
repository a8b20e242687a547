/*
 * Every maximum of the program in one place. Exceeding one is SBK_E_LIMIT.
 */
#ifndef SBK_LIMITS_H
#define SBK_LIMITS_H

#define SBK_PATH_MAX 4096    /* bytes of a path, with its end */
#define SBK_NAME_MAX 64	     /* bytes of an account, group or rule name */
#define SBK_IDENTITY_MAX 384 /* bytes of an identity's text */
#define SBK_STATE_BYTES_MAX (16 << 20) /* bytes of one state */
#define SBK_ACL_ENTRIES_MAX 1024       /* entries of one ACL */
#define SBK_TREE_DEPTH_MAX 1024	     /* directories above an object of a tree */
#define SBK_PLAN_CHANGES_MAX 4000000 /* changes of one plan */
#define SBK_REBASE_STEPS_MAX 4096    /* pairs of one object's undone changes */
#define SBK_BATCH_CHANGES 8192	     /* changes made durable with one flush */
#define SBK_TREE_PASSES_MAX 16	 /* looks at a tree before giving up on it */
#define SBK_THREADS_MAX 4	 /* of one process, for trees */
#define SBK_HAND_BACK_MAX 200000 /* objects given back by one transaction */
#define SBK_LOCATE_OBJECTS_MAX 8000000 /* objects met by one search */
#define SBK_POLICY_BYTES_MAX (1 << 20)
#define SBK_POLICY_PROFILES_MAX 256
#define SBK_POLICY_PATHS_MAX 1024 /* paths of one list of a policy */
#define SBK_POLICY_ANCHOR_WORDS_MAX 32
#define SBK_POLICY_EXTENDS_MAX 16     /* profiles that one profile stands on */
#define SBK_POLICY_DEPTH_MAX 16	      /* brackets within brackets of a policy */
#define SBK_POLICY_NAME_MAX 64	      /* bytes of a profile's name */
#define SBK_POLICY_ENV_MAX 1024	      /* variables of a run's environment */
#define SBK_SCOPE_PATHS_MAX 4096      /* entries of a resolved scope */
#define SBK_SCOPE_LINKED_MAX 256      /* linked files kept as single entries */
#define SBK_SCOPE_OBJECTS_MAX 8000000 /* objects looked at for hard links */
#define SBK_SCOPE_SECRETS_MAX \
	1024 /* objects of one sensitive place looked at */
#define SBK_SECRETS_LISTED_MAX 256	/* files of one list of secrets */
#define SBK_SECRET_BYTES_MAX (16 << 10) /* of one, looked at for what it is */
#define SBK_SCOPE_DEPTH_MAX 256		/* directories looked into for links */
#define SBK_PATH_DIRECTORIES_MAX 128	/* directories of PATH */
#define SBK_MOUNTS_MAX 16384		/* mounts of this machine */
#define SBK_SSH_CONFIG_BYTES_MAX (256 << 10)
#define SBK_SSH_INCLUDES_MAX 256	  /* files of one ~/.ssh/config */
#define SBK_SENSITIVE_MAX 512		  /* sensitive paths of one person */
#define SBK_GIT_FILE_BYTES_MAX (64 << 10) /* a git config or pointer file */
#define SBK_GIT_MODULES_MAX 1024      /* submodules and worktrees looked at */
#define SBK_DIRECTORY_NAMES_MAX 65536 /* names of a directory we list */
#define SBK_MOUNTED_TREES_MAX 1024    /* mounts mapped for one run */
#define SBK_RUN_OPS_MAX 8192	      /* mounts and files of one run's view */
#define SBK_REPORT_LINES_MAX 200      /* single objects printed by a report */
#define SBK_ACCESS_LINES_MAX 10	    /* of those, changes of ACLs in one list */
#define SBK_MISSED_LINES_MAX 10	    /* places not examined, in a text */
#define SBK_COMMAND_COLUMNS_MAX 100 /* of a run's command in a list */
#define SBK_GIT_INDEX_BYTES_MAX (256 << 20)
#define SBK_FOREIGN_BYTES_MAX (256 << 20) /* of a log that root is handed */
#define SBK_FOREIGN_TREES_MAX 64	  /* that it may have root look at */
#define SBK_REPORT_FINDINGS_MAX 1000000	  /* findings of one report */
#define SBK_VERIFY_CHANGES_MAX (1 << 24)  /* of one log: 320 MiB */
#define SBK_VERIFY_STATES_MAX (1 << 21)	  /* different ones: 320 MiB */
#define SBK_VERIFY_NOTES_MAX (1 << 21)	  /* 250 MiB */
/* Entries that are no changes: 400 MiB. */
#define SBK_VERIFY_ROWS_MAX (1 << 24)
#define SBK_SUMMARY_OPEN_MAX 256     /* transactions in effect, of one end */
#define SBK_SUMMARY_SEARCH_MAX 16384 /* entries searched for such an end */
#define SBK_SCOPE_ENTRIES_MIN 20000  /* of a log too small for a part of it */
#define SBK_SEGMENT_BYTES_MAX ((size_t)1 << 30) /* of one segment's file */
#define SBK_SEGMENTS_MAX 64			/* files given to one command */
#define SBK_SEGMENT_KEYS_MAX 64			/* of the log, before a cut */
#define SBK_SEGMENT_RUNS_MAX 256       /* sessions that a cut divides */
#define SBK_SEGMENT_SIGNATURE_TEXT 128 /* of a hand-over, with its end */
#define SBK_SEGMENT_WHY_MAX 384	       /* bytes of one reason, with its end */
#define SBK_TRANSACT_ATTEMPTS_MAX 3    /* of a plan that others overtook */
#define SBK_CHECK_ENTRIES_MAX 100000   /* of a log that is checked in passing */
#define SBK_OUTPUT_BYTES_MAX (64 << 20) /* bytes read from a helper program */

#endif
