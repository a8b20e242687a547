/* The simulated Filtering Platform; see the header. */
#include "tests/windows/sim_filters.h"

#include <stdlib.h>
#include <string.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

static struct sim_filters *filters(void)
{
	return &sim_now()->filters;
}

/* What a call works on. */
static struct sim_filter_store *store(void)
{
	return filters()->in_transaction ? &filters()->changed
					 : &filters()->now;
}

static DWORD WINAPI sim_FwpmEngineOpen0(const wchar_t *server, UINT32 authn,
					SEC_WINNT_AUTH_IDENTITY_W *identity,
					const FWPM_SESSION0 *session,
					HANDLE *out)
{
	if (server != NULL || authn != 10 || identity != NULL ||
	    session != NULL)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	filters()->engines++;
	*out = filters();
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmEngineClose0(HANDLE engine)
{
	if (engine != filters() || filters()->engines-- == 0)
		abort();
	filters()->in_transaction = false; /* aborted */
	return ERROR_SUCCESS;
}

static void *new_buffer(size_t size)
{
	void *out = calloc(1, size);

	if (out == NULL)
		abort();
	filters()->buffers++;
	return out;
}

static void WINAPI sim_FwpmFreeMemory0(void **memory)
{
	if (filters()->buffers-- == 0)
		abort();
	free(*memory);
	*memory = NULL;
}

static DWORD WINAPI sim_FwpmTransactionBegin0(HANDLE engine, UINT32 flags)
{
	if (engine != filters() || flags != 0 || filters()->in_transaction)
		abort();
	if (sim_fails() || !sim_is_elevated())
		return ERROR_ACCESS_DENIED;
	filters()->changed = filters()->now;
	filters()->in_transaction = true;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmTransactionCommit0(HANDLE engine)
{
	if (engine != filters() || !filters()->in_transaction)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	filters()->in_transaction = false;
	if (!filters()->forgets)
		filters()->now = filters()->changed;
	return ERROR_SUCCESS;
}

/* What every change meets first; all of ours are in a transaction. */
static bool is_refused(HANDLE engine)
{
	if (engine != filters() || !filters()->in_transaction)
		abort();
	return sim_fails();
}

static size_t guid_at(const GUID *all, size_t count, const GUID *key)
{
	size_t i = 0;

	while (i < count && memcmp(&all[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

/* --- providers and sublayers ---------------------------------------------- */

static DWORD WINAPI sim_FwpmProviderAdd0(HANDLE engine,
					 const FWPM_PROVIDER0 *provider,
					 PSECURITY_DESCRIPTOR sd)
{
	struct sim_filter_store *s = store();

	if (sd != NULL || provider->flags != 1 || s->provider_count == 2)
		abort();
	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	if (guid_at(s->providers, s->provider_count, &provider->providerKey) <
	    s->provider_count)
		return (DWORD)FWP_E_ALREADY_EXISTS;
	s->provider_flags[s->provider_count] = provider->flags;
	s->providers[s->provider_count++] = provider->providerKey;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmProviderDeleteByKey0(HANDLE engine, const GUID *key)
{
	struct sim_filter_store *s = store();
	size_t at = guid_at(s->providers, s->provider_count, key);

	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	if (at == s->provider_count)
		return (DWORD)FWP_E_PROVIDER_NOT_FOUND;
	if (s->sublayer_count > 0)
		return (DWORD)FWP_E_IN_USE;
	s->providers[at] = s->providers[--s->provider_count];
	s->provider_flags[at] = s->provider_flags[s->provider_count];
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmProviderGetByKey0(HANDLE engine, const GUID *key,
					      FWPM_PROVIDER0 **out)
{
	const struct sim_filter_store *s = store();
	const size_t at = guid_at(s->providers, s->provider_count, key);

	(void)engine;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (at == s->provider_count)
		return (DWORD)FWP_E_PROVIDER_NOT_FOUND;
	*out = new_buffer(sizeof(**out));
	(*out)->providerKey = *key;
	(*out)->flags = s->provider_flags[at];
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmSubLayerAdd0(HANDLE engine,
					 const FWPM_SUBLAYER0 *sublayer,
					 PSECURITY_DESCRIPTOR sd)
{
	struct sim_filter_store *s = store();

	if (sd != NULL || sublayer->flags != 1 || s->sublayer_count == 2)
		abort();
	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	if (guid_at(s->providers, s->provider_count, sublayer->providerKey) ==
	    s->provider_count)
		return (DWORD)FWP_E_PROVIDER_NOT_FOUND;
	s->weights[s->sublayer_count] = sublayer->weight;
	s->sublayer_flags[s->sublayer_count] = sublayer->flags;
	s->sublayers[s->sublayer_count++] = sublayer->subLayerKey;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmSubLayerDeleteByKey0(HANDLE engine, const GUID *key)
{
	struct sim_filter_store *s = store();
	size_t at = guid_at(s->sublayers, s->sublayer_count, key), i;

	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	if (at == s->sublayer_count)
		return (DWORD)FWP_E_SUBLAYER_NOT_FOUND;
	for (i = 0; i < s->count; i++)
		if (memcmp(&s->filters[i].filter.subLayerKey, key,
			   sizeof(*key)) == 0)
			return (DWORD)FWP_E_IN_USE;
	s->sublayers[at] = s->sublayers[--s->sublayer_count];
	s->weights[at] = s->weights[s->sublayer_count];
	s->sublayer_flags[at] = s->sublayer_flags[s->sublayer_count];
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmSubLayerGetByKey0(HANDLE engine, const GUID *key,
					      FWPM_SUBLAYER0 **out)
{
	const struct sim_filter_store *s = store();
	size_t at = guid_at(s->sublayers, s->sublayer_count, key);

	(void)engine;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (at == s->sublayer_count)
		return (DWORD)FWP_E_SUBLAYER_NOT_FOUND;
	*out = new_buffer(sizeof(**out));
	(*out)->subLayerKey = *key;
	(*out)->weight = s->weights[at];
	(*out)->flags = (UINT16)s->sublayer_flags[at];
	return ERROR_SUCCESS;
}

/* --- filters -------------------------------------------------------------- */

/* A filter that points into itself. */
static void point(struct sim_filter *f)
{
	UINT32 i;

	f->filter.providerKey =
		f->filter.providerKey != NULL ? &f->provider : NULL;
	f->filter.filterCondition = f->conditions;
	f->blob.data = f->sd;
	for (i = 0; i < f->filter.numFilterConditions; i++) {
		if (f->conditions[i].conditionValue.type ==
		    FWP_SECURITY_DESCRIPTOR_TYPE)
			f->conditions[i].conditionValue.sd = &f->blob;
		if (f->conditions[i].conditionValue.type == FWP_RANGE_TYPE)
			f->conditions[i].conditionValue.rangeValue = &f->range;
	}
}

static DWORD WINAPI sim_FwpmFilterAdd0(HANDLE engine,
				       const FWPM_FILTER0 *filter,
				       PSECURITY_DESCRIPTOR sd, UINT64 *id)
{
	struct sim_filter_store *s = store();
	struct sim_filter *f = &s->filters[s->count];
	UINT32 i;

	if (sd != NULL || id != NULL || s->count == SIM_FILTERS_MAX ||
	    filter->numFilterConditions > SIM_CONDITIONS_MAX)
		abort();
	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	if (guid_at(s->sublayers, s->sublayer_count, &filter->subLayerKey) ==
	    s->sublayer_count)
		return (DWORD)FWP_E_SUBLAYER_NOT_FOUND;
	memset(f, 0, sizeof(*f));
	f->filter = *filter;
	f->filter.flags |= 0x40; /* as the system says of an indexed one */
	f->provider = *filter->providerKey;
	for (i = 0; i < filter->numFilterConditions; i++) {
		const FWPM_FILTER_CONDITION0 *c = &filter->filterCondition[i];

		f->conditions[i] = *c;
		if (c->conditionValue.type == FWP_RANGE_TYPE)
			f->range = *c->conditionValue.rangeValue;
		if (c->conditionValue.type != FWP_SECURITY_DESCRIPTOR_TYPE)
			continue;
		f->blob.size = c->conditionValue.sd->size;
		if (f->blob.size > sizeof(f->sd))
			abort();
		memcpy(f->sd, c->conditionValue.sd->data, f->blob.size);
	}
	if (filters()->loses_conditions && f->filter.numFilterConditions == 1)
		f->filter.numFilterConditions = 0;
	s->count++;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmFilterDeleteByKey0(HANDLE engine, const GUID *key)
{
	struct sim_filter_store *s = store();
	size_t i;

	if (is_refused(engine))
		return ERROR_ACCESS_DENIED;
	for (i = 0; i < s->count; i++) {
		if (memcmp(&s->filters[i].filter.filterKey, key,
			   sizeof(*key)) != 0)
			continue;
		s->filters[i] = s->filters[--s->count];
		return ERROR_SUCCESS;
	}
	return (DWORD)FWP_E_FILTER_NOT_FOUND;
}

static DWORD WINAPI sim_FwpmFilterCreateEnumHandle0(
	HANDLE engine, const FWPM_FILTER_ENUM_TEMPLATE0 *what, HANDLE *out)
{
	if (what != NULL)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	filters()->listed = 0;
	filters()->buffers++; /* until it is destroyed */
	*out = engine;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmFilterDestroyEnumHandle0(HANDLE engine, HANDLE list)
{
	if (engine != list || filters()->buffers-- == 0)
		abort();
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmFilterEnum0(HANDLE engine, HANDLE list,
					UINT32 wanted, FWPM_FILTER0 ***out,
					UINT32 *got)
{
	struct sim_filter_store *s = store();
	struct {
		FWPM_FILTER0 *entries[SIM_FILTERS_MAX];
		struct sim_filter copies[SIM_FILTERS_MAX];
	} * buffer;
	UINT32 i;

	if (engine != list)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	*got = (UINT32)(s->count - filters()->listed);
	*got = *got > wanted ? wanted : *got;
	buffer = new_buffer(sizeof(*buffer));
	for (i = 0; i < *got; i++) {
		buffer->copies[i] = s->filters[filters()->listed++];
		point(&buffer->copies[i]);
		buffer->entries[i] = &buffer->copies[i].filter;
	}
	*out = buffer->entries;
	return ERROR_SUCCESS;
}

/* --- lists of what filters lie in ----------------------------------------- */

static DWORD create_list(const void *what, HANDLE engine, HANDLE *out)
{
	if (what != NULL)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	filters()->listed = 0;
	filters()->buffers++;
	*out = engine;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmProviderCreateEnumHandle0(
	HANDLE engine, const FWPM_PROVIDER_ENUM_TEMPLATE0 *what, HANDLE *out)
{
	return create_list(what, engine, out);
}

static DWORD WINAPI sim_FwpmSubLayerCreateEnumHandle0(
	HANDLE engine, const FWPM_SUBLAYER_ENUM_TEMPLATE0 *what, HANDLE *out)
{
	return create_list(what, engine, out);
}

static DWORD WINAPI sim_FwpmProviderEnum0(HANDLE engine, HANDLE list,
					  UINT32 wanted, FWPM_PROVIDER0 ***out,
					  UINT32 *got)
{
	struct sim_filter_store *s = store();
	struct {
		FWPM_PROVIDER0 *entries[2];
		FWPM_PROVIDER0 all[2];
	} * buffer;

	if (engine != list || wanted < 2)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	buffer = new_buffer(sizeof(*buffer));
	for (*got = 0; *got < s->provider_count; (*got)++) {
		buffer->all[*got].providerKey = s->providers[*got];
		buffer->all[*got].flags = s->provider_flags[*got];
		buffer->entries[*got] = &buffer->all[*got];
	}
	*out = buffer->entries;
	return ERROR_SUCCESS;
}

static DWORD WINAPI sim_FwpmSubLayerEnum0(HANDLE engine, HANDLE list,
					  UINT32 wanted, FWPM_SUBLAYER0 ***out,
					  UINT32 *got)
{
	struct sim_filter_store *s = store();
	struct {
		FWPM_SUBLAYER0 *entries[2];
		FWPM_SUBLAYER0 all[2];
	} * buffer;

	if (engine != list || wanted < 2)
		abort();
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	buffer = new_buffer(sizeof(*buffer));
	for (*got = 0; *got < s->sublayer_count; (*got)++) {
		buffer->all[*got].subLayerKey = s->sublayers[*got];
		buffer->all[*got].flags = (UINT16)s->sublayer_flags[*got];
		buffer->entries[*got] = &buffer->all[*got];
	}
	*out = buffer->entries;
	return ERROR_SUCCESS;
}

const struct sbk_win32_filters sim_filters_table = {
	.FwpmEngineOpen0 = sim_FwpmEngineOpen0,
	.FwpmEngineClose0 = sim_FwpmEngineClose0,
	.FwpmFreeMemory0 = sim_FwpmFreeMemory0,
	.FwpmTransactionBegin0 = sim_FwpmTransactionBegin0,
	.FwpmTransactionCommit0 = sim_FwpmTransactionCommit0,
	.FwpmProviderAdd0 = sim_FwpmProviderAdd0,
	.FwpmProviderDeleteByKey0 = sim_FwpmProviderDeleteByKey0,
	.FwpmProviderGetByKey0 = sim_FwpmProviderGetByKey0,
	.FwpmSubLayerAdd0 = sim_FwpmSubLayerAdd0,
	.FwpmSubLayerDeleteByKey0 = sim_FwpmSubLayerDeleteByKey0,
	.FwpmSubLayerGetByKey0 = sim_FwpmSubLayerGetByKey0,
	.FwpmFilterAdd0 = sim_FwpmFilterAdd0,
	.FwpmFilterDeleteByKey0 = sim_FwpmFilterDeleteByKey0,
	.FwpmFilterCreateEnumHandle0 = sim_FwpmFilterCreateEnumHandle0,
	.FwpmFilterEnum0 = sim_FwpmFilterEnum0,
	.FwpmFilterDestroyEnumHandle0 = sim_FwpmFilterDestroyEnumHandle0,
	.FwpmProviderCreateEnumHandle0 = sim_FwpmProviderCreateEnumHandle0,
	.FwpmProviderEnum0 = sim_FwpmProviderEnum0,
	.FwpmProviderDestroyEnumHandle0 = sim_FwpmFilterDestroyEnumHandle0,
	.FwpmSubLayerCreateEnumHandle0 = sim_FwpmSubLayerCreateEnumHandle0,
	.FwpmSubLayerEnum0 = sim_FwpmSubLayerEnum0,
	.FwpmSubLayerDestroyEnumHandle0 = sim_FwpmFilterDestroyEnumHandle0,
};

void sim_add_filter(struct sim *sim, uint32_t number)
{
	struct sim_filter_store *s = &sim->filters.now;
	struct sim_filter *f = &s->filters[s->count++];

	memset(f, 0, sizeof(*f));
	f->filter.filterKey.Data1 = number;
}

void sim_print_filters(const struct sim *sim, struct sbk_buf *out)
{
	const struct sim_filter_store *s = &sim->filters.now;
	size_t i;

	sbk_buf_printf(out, "%zu providers, %zu sublayers\n", s->provider_count,
		       s->sublayer_count);
	for (i = 0; i < s->count; i++)
		sbk_buf_printf(
			out, "filter %08lx, %u conditions\n",
			(unsigned long)s->filters[i].filter.filterKey.Data1,
			(unsigned)s->filters[i].filter.numFilterConditions);
}
