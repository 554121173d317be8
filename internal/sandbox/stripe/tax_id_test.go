package stripe_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestTaxIDsAreVerifiedLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "customer.tax_id.created", "customer.tax_id.updated", "customer.tax_id.deleted")
	c := b.customer(t)
	made := map[string]*stripego.TaxID{}
	for value, kind := range map[string]string{"000000000": "eu_vat", "111111111": "au_abn", "222222222": "gb_vat", "DE123456789": "eu_vat", "123456789MVA": "no_vat"} {
		id, err := b.api.TaxIDs.New(&stripego.TaxIDParams{Customer: &c.ID, Type: &kind, Value: &value})
		require.NoError(t, err)
		made[value] = id
	}
	require.Equal(t, stripego.TaxIDVerificationStatusPending, made["000000000"].Verification.Status)
	require.Equal(t, stripego.TaxIDVerificationStatusUnavailable, made["123456789MVA"].Verification.Status, "no register is asked")
	require.Equal(t, "DE", made["DE123456789"].Country)
	require.Equal(t, "NO", made["123456789MVA"].Country)
	b.advance(t, time.Minute)
	for value, want := range map[string]stripego.TaxIDVerificationStatus{
		"000000000": "verified", "111111111": "unverified", "222222222": "pending", "DE123456789": "verified", "123456789MVA": "unavailable",
	} {
		id, err := b.api.TaxIDs.Get(made[value].ID, &stripego.TaxIDParams{Customer: &c.ID})
		require.NoError(t, err)
		require.Equal(t, want, id.Verification.Status, value)
		if want == "verified" {
			require.Equal(t, "Ada", id.Verification.VerifiedName)
		}
	}
	_, err := b.api.TaxIDs.Del(made["111111111"].ID, &stripego.TaxIDParams{Customer: &c.ID})
	require.NoError(t, err)
	_, err = b.api.TaxIDs.Get(made["111111111"].ID, &stripego.TaxIDParams{Customer: &c.ID})
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
	kinds := map[string]int{}
	for _, kind := range kindsOf(in.wait(t, 9)) {
		kinds[kind]++
	}
	require.Equal(t, map[string]int{"customer.tax_id.created": 5, "customer.tax_id.updated": 3, "customer.tax_id.deleted": 1}, kinds)
	b.requireWhole(t, "/v1/customers/"+c.ID+"/tax_ids", stripego.TaxIDList{})
	b.requireShape(t, "/v1/customers/"+c.ID+"?expand[]=tax_ids", stripego.Customer{})
	b.requireShape(t, "/v1/customers/"+c.ID+"/tax_ids?expand[]=data.customer&expand[]=data.owner.customer", stripego.TaxIDList{})
}

func TestTaxIDsOfTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, other := b.customer(t), b.customer(t)
	own, err := b.api.TaxIDs.New(&stripego.TaxIDParams{Type: stripego.String("us_ein"), Value: stripego.String("12-3456789")})
	require.NoError(t, err)
	require.Equal(t, "self", string(own.Owner.Type))
	require.Nil(t, own.Verification)
	params := &stripego.TaxIDParams{Type: stripego.String("gb_vat"), Value: stripego.String("GB123456789")}
	params.AddExtra("owner[type]", "customer")
	params.AddExtra("owner[customer]", c.ID)
	theirs, err := b.api.TaxIDs.New(params)
	require.NoError(t, err)
	require.Equal(t, c.ID, theirs.Customer.ID)
	list := func(customer string) (ids []string) {
		p := &stripego.TaxIDListParams{}
		if customer != "" {
			p.Customer = &customer
		}
		it := b.api.TaxIDs.List(p)
		for it.Next() {
			ids = append(ids, it.TaxID().ID)
		}
		require.NoError(t, it.Err())
		return ids
	}
	require.Equal(t, []string{own.ID}, list(""))
	require.Equal(t, []string{theirs.ID}, list(c.ID))
	require.Empty(t, list(other.ID))
	_, body := b.raw(t, http.MethodGet, "/v1/tax_ids?owner[type]=customer&owner[customer]="+c.ID, "", nil)
	require.Len(t, body["data"], 1)
	_, err = b.api.TaxIDs.Get(theirs.ID, &stripego.TaxIDParams{Customer: &other.ID})
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode, "it is another customer's")
	_, err = b.api.TaxIDs.Get(theirs.ID, &stripego.TaxIDParams{})
	require.NoError(t, err)
	for _, id := range []string{own.ID, theirs.ID} {
		gone, err := b.api.TaxIDs.Del(id, &stripego.TaxIDParams{})
		require.NoError(t, err)
		require.True(t, gone.Deleted)
	}
	require.Empty(t, list(""))
}

func TestRefusesTaxIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	path := "/v1/customers/" + c.ID + "/tax_ids"
	for _, tc := range []struct{ path, form, code, param string }{
		{path, "type=eu_vat", "parameter_missing", "value"},
		{path, "value=DE123456789", "parameter_missing", "type"},
		{path, "type=moon_vat&value=1", "", "type"},
		{path, "type=eu_vat&value=DE12345", "tax_id_invalid", "value"},
		{path, "type=eu_vat&value=XX123456789", "tax_id_invalid", "value"},
		{path, "type=no_vat&value=000000000", "tax_id_invalid", "value"},
		{path, "type=us_ein&value=12-3456789X", "tax_id_invalid", "value"},
		{path, "type=eu_vat&value=DE123456789&country=DE", "parameter_unknown", "country"},
		{"/v1/tax_ids", "type=eu_vat&value=DE123456789&owner[type]=account&owner[account]=acct_1", "", "owner[type]"},
		{"/v1/tax_ids", "type=eu_vat&value=DE123456789&owner[type]=customer", "parameter_missing", "owner[customer]"},
		{"/v1/tax_ids", "type=eu_vat&value=DE123456789&owner[type]=customer&owner[customer]=cus_x", "resource_missing", "owner[customer]"},
		{"/v1/customers", "tax_id_data[0][type]=gb_vat&tax_id_data[0][value]=1", "tax_id_invalid", "tax_id_data[0][value]"},
	} {
		res, body := b.raw(t, http.MethodPost, tc.path, tc.form, nil)
		e := errorOf(body)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Equal(t, []string{tc.code, tc.param}, []string{text(e["code"]), text(e["param"])}, "%v: %v", tc, body)
	}
	res, _ := b.raw(t, http.MethodPost, "/v1/customers/cus_x/tax_ids", "type=eu_vat&value=DE123456789", nil)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	_, body := b.raw(t, http.MethodGet, path, "", nil)
	require.Empty(t, body["data"])
}
