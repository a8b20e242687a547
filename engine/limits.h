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
#define SBK_BATCH_CHANGES 8192	     /* changes made durable with one flush */
#define SBK_TREE_PASSES_MAX 16 /* looks at a tree before giving up on it */
#define SBK_POLICY_BYTES_MAX (1 << 20)
#define SBK_POLICY_PROFILES_MAX 256
#define SBK_POLICY_PATHS_MAX 1024 /* paths of one list of a policy */
#define SBK_POLICY_EXTENDS_MAX 16 /* profiles that one profile stands on */
#define SBK_RUN_OPS_MAX 8192	  /* mounts and files of one run's view */
#define SBK_REPORT_LINES_MAX 200  /* single objects printed by a report */
#define SBK_OUTPUT_BYTES_MAX (64 << 20) /* bytes read from a helper program */

#endif
