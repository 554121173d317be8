package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func (b *bundle) valueList(t *testing.T, alias, itemType string) *stripego.RadarValueList {
	t.Helper()
	l, err := b.api.RadarValueLists.New(&stripego.RadarValueListParams{Alias: &alias, ItemType: &itemType, Name: stripego.String("List of " + alias)})
	require.NoError(t, err)
	return l
}

func (b *bundle) listItem(t *testing.T, list, value string) *stripego.RadarValueListItem {
	t.Helper()
	i, err := b.api.RadarValueListItems.New(&stripego.RadarValueListItemParams{ValueList: &list, Value: &value})
	require.NoError(t, err)
	return i
}

func TestValueLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l, other := b.valueList(t, "blocked_emails", "email"), b.valueList(t, "vip", "customer_id")
	require.Empty(t, l.ListItems.Data)
	eve, mallory := b.listItem(t, l.ID, "eve@example.com"), b.listItem(t, l.ID, "mallory@example.com")
	l, err := b.api.RadarValueLists.Get(l.ID, nil)
	require.NoError(t, err)
	require.Equal(t, []string{mallory.ID, eve.ID}, []string{l.ListItems.Data[0].ID, l.ListItems.Data[1].ID})
	l, err = b.api.RadarValueLists.Update(l.ID, &stripego.RadarValueListParams{Alias: stripego.String("fraud"), Name: stripego.String("Fraud"), Metadata: map[string]string{"team": "risk"}})
	require.NoError(t, err)
	require.Equal(t, []string{"fraud", "Fraud", "risk"}, []string{l.Alias, l.Name, l.Metadata["team"]})

	find := func(params *stripego.RadarValueListListParams) (ids []string) {
		it := b.api.RadarValueLists.List(params)
		for it.Next() {
			ids = append(ids, it.RadarValueList().ID)
		}
		require.NoError(t, it.Err())
		return ids
	}
	require.Equal(t, []string{other.ID, l.ID}, find(&stripego.RadarValueListListParams{}))
	require.Equal(t, []string{l.ID}, find(&stripego.RadarValueListListParams{Alias: stripego.String("fraud")}))
	require.Equal(t, []string{l.ID}, find(&stripego.RadarValueListListParams{Contains: stripego.String("EVE@example.com")}))
	require.Empty(t, find(&stripego.RadarValueListListParams{Contains: stripego.String("example.com")}))
	items := b.api.RadarValueListItems.List(&stripego.RadarValueListItemListParams{ValueList: &l.ID, Value: stripego.String("eve@example.com")})
	require.True(t, items.Next())
	require.Equal(t, eve.ID, items.RadarValueListItem().ID)
	require.False(t, items.Next())

	gone, err := b.api.RadarValueListItems.Del(eve.ID, nil)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
	_, err = b.api.RadarValueListItems.Get(eve.ID, nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
	again := b.listItem(t, l.ID, "eve@example.com")
	whole, err := b.api.RadarValueLists.Del(l.ID, nil)
	require.NoError(t, err)
	require.True(t, whole.Deleted)
	_, err = b.api.RadarValueLists.Get(l.ID, nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
	_, err = b.api.RadarValueListItems.Get(again.ID, nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode, "its items went with it")
	b.valueList(t, "fraud", "string")
}

func TestItemsFitTheirList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for itemType, values := range map[string]struct{ good, bad string }{
		"card_bin": {"424242", "42424"}, "card_fingerprint": {"Xt5EWLLDS7FJjR1c", "not one"}, "case_sensitive_string": {"Abc", ""}, "country": {"DE", "Germany"},
		"customer_id": {"cus_1", "1"}, "email": {"a@b.example", "a at b"}, "ip_address": {"2001:db8::1", "300.0.0.1"}, "sepa_debit_fingerprint": {"abc", "a-c"},
		"string": {"anything at all", ""}, "us_bank_account_fingerprint": {"abc", "a c"},
	} {
		l := b.valueList(t, itemType, itemType)
		i := b.listItem(t, l.ID, values.good)
		require.Equal(t, values.good, i.Value)
		_, err := b.api.RadarValueListItems.New(&stripego.RadarValueListItemParams{ValueList: &l.ID, Value: &values.good})
		require.Equal(t, stripego.ErrorCodeResourceAlreadyExists, refusal(t, err).Code, itemType)
		_, err = b.api.RadarValueListItems.New(&stripego.RadarValueListItemParams{ValueList: &l.ID, Value: &values.bad})
		require.Equal(t, "value", refusal(t, err).Param, itemType)
	}
	exact := b.valueList(t, "exact", "case_sensitive_string")
	b.listItem(t, exact.ID, "abc")
	b.listItem(t, exact.ID, "ABC")
	loose := b.valueList(t, "loose", "string")
	b.listItem(t, loose.ID, "abc")
	_, err := b.api.RadarValueListItems.New(&stripego.RadarValueListItemParams{ValueList: &loose.ID, Value: stripego.String("ABC")})
	require.Equal(t, stripego.ErrorCodeResourceAlreadyExists, refusal(t, err).Code)
}

func TestRefusesValueLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.valueList(t, "taken", "string")
	for _, tc := range []struct{ path, form, phrase string }{
		{"/v1/radar/value_lists", "name=a", "Missing required param: alias"},
		{"/v1/radar/value_lists", "alias=a", "Missing required param: name"},
		{"/v1/radar/value_lists", "alias=taken&name=a", "already exists"},
		{"/v1/radar/value_lists", "alias=a b&name=a", "Invalid alias"},
		{"/v1/radar/value_lists", "alias=a&name=a&item_type=colour", "must be one of"},
		{"/v1/radar/value_lists/" + l.ID, "item_type=email", "unknown parameter"},
		{"/v1/radar/value_list_items", "value=a", "Missing required param: value_list"},
		{"/v1/radar/value_list_items", "value_list=" + l.ID, "Missing required param: value"},
		{"/v1/radar/value_list_items", "value=a&value_list=rsl_x", "No such value list"},
	} {
		res, body := b.raw(t, http.MethodPost, tc.path, tc.form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Contains(t, errorOf(body)["message"], tc.phrase, tc)
	}
	res, body := b.raw(t, http.MethodGet, "/v1/radar/value_list_items", "", nil)
	require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
}
