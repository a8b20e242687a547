/* Memory that outlives a crash that a test plays in a child. */
#ifndef SBK_TEST_SHARED_H
#define SBK_TEST_SHARED_H

#include <stddef.h>

/* Zeroed memory that children made by fork share; ends the test where there is
 * none. */
void *sbk_test_shared(size_t size);
void sbk_test_unshare(void *memory, size_t size);

/* On Windows: the handle of what was shared last, which a child inherits. */
void *sbk_test_shared_handle(void);

#endif
