package stripe_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestRegistrationsComeAndGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	calculate := func() int64 {
		c, err := b.api.TaxCalculations.New(sale(10_000, "eur", "exclusive", in("AT")))
		require.NoError(t, err)
		return c.TaxAmountExclusive
	}
	begin := time.Now().Add(24 * time.Hour)
	r, err := b.api.TaxRegistrations.New(&stripego.TaxRegistrationParams{
		Country: stripego.String("AT"), ActiveFrom: stripego.Int64(begin.Unix()), CountryOptions: &stripego.TaxRegistrationCountryOptionsParams{
			At: &stripego.TaxRegistrationCountryOptionsAtParams{Type: stripego.String("standard")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, stripego.TaxRegistrationStatusScheduled, r.Status)
	require.Equal(t, "standard", string(r.CountryOptions.At.Standard.PlaceOfSupplyScheme))
	require.Zero(t, calculate(), "not yet")
	b.advance(t, 25*time.Hour)
	require.Equal(t, int64(2000), calculate())
	_, err = b.api.TaxRegistrations.Update(r.ID, &stripego.TaxRegistrationParams{ActiveFromNow: stripego.Bool(true)})
	require.Contains(t, refusal(t, err).Msg, "this one is active")
	until := begin.Add(48 * time.Hour)
	r, err = b.api.TaxRegistrations.Update(r.ID, &stripego.TaxRegistrationParams{ExpiresAt: stripego.Int64(until.Unix())})
	require.NoError(t, err)
	require.Equal(t, stripego.TaxRegistrationStatusActive, r.Status)
	b.advance(t, 48*time.Hour)
	require.Zero(t, calculate(), "no longer")
	r, err = b.api.TaxRegistrations.Get(r.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.TaxRegistrationStatusExpired, r.Status)
	_, err = b.api.TaxRegistrations.Update(r.ID, &stripego.TaxRegistrationParams{ExpiresAtNow: stripego.Bool(true)})
	require.Contains(t, refusal(t, err).Msg, "this one is expired")

	now := b.register(t, "NL", "standard")
	require.Equal(t, []string{now, r.ID}, b.registrations(t, ""))
	require.Equal(t, []string{now}, b.registrations(t, "active"))
	require.Equal(t, []string{r.ID}, b.registrations(t, "expired"))
	require.Equal(t, []string{now, r.ID}, b.registrations(t, "all"))
	require.Empty(t, b.registrations(t, "scheduled"))
	_, err = b.api.TaxRegistrations.Update(now, &stripego.TaxRegistrationParams{ExpiresAtNow: stripego.Bool(true)})
	require.NoError(t, err)
	require.Empty(t, b.registrations(t, "active"))
}

func (b *bundle) registrations(t *testing.T, status string) (ids []string) {
	params := &stripego.TaxRegistrationListParams{}
	if status != "" {
		params.Status = &status
	}
	it := b.api.TaxRegistrations.List(params)
	for it.Next() {
		ids = append(ids, it.TaxRegistration().ID)
	}
	require.NoError(t, it.Err())
	return ids
}

func TestEveryCountryOfRegistrations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kinds := map[string]string{
		"ae au bh ch gb is jp no nz om sg za":          "standard",
		"cl co eg ge id ke kr kz mx my ng sa th tr vn": "simplified",
		"ca": "standard simplified",
		"at be bg cy cz de dk ee es fi fr gr hr hu": "ioss oss_non_union oss_union standard",
		"ie it lt lu lv mt nl pl pt ro se si sk":    "ioss oss_non_union oss_union standard",
	}
	countries := 1 // us
	for names, types := range kinds {
		for country := range strings.FieldsSeq(names) {
			countries++
			for kind := range strings.FieldsSeq(types) {
				b.register(t, strings.ToUpper(country), kind)
			}
			res, body := b.raw(t, http.MethodPost, "/v1/tax/registrations", "active_from=now&country="+country+"&country_options["+country+"][type]=state_sales_tax", nil)
			require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s: %v", country, body)
		}
	}
	require.Equal(t, 56, countries)
}

func TestRefusesRegistrations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const now = "active_from=now&"
	for form, phrase := range map[string]string{
		"country=DE&country_options[de][type]=standard":                                            "Missing required param: active_from",
		now + "country_options[de][type]=standard":                                                 "Missing required param: country",
		now + "country=DE":                                                                         "Missing required param: country_options",
		now + "country=XX&country_options[de][type]=standard":                                      "'XX' is unknown",
		now + "country=BR&country_options[de][type]=standard":                                      "not supported in BR",
		now + "country=FR&country_options[de][type]=standard":                                      "Missing required param: country_options[fr]",
		now + "country=FR&country_options[fr][type]=ioss&country_options[de][type]=ioss":           "only specify country_options[fr]",
		now + "country=BR&country_options[br][type]=standard":                                      "unknown parameter: country_options[br]",
		now + "country=DE&country_options[de][type]=simplified":                                    "must be one of",
		now + "country=DE&country_options[de][standard][place_of_supply_scheme]=standard":          "Missing required param: country_options[de][type]",
		now + "country=US&country_options[us][type]=state_sales_tax":                               "Missing required param: country_options[us][state]",
		now + "country=US&country_options[us][type]=state_sales_tax&country_options[us][state]=ZZ": "Invalid state: ZZ",
		now + "country=US&country_options[us][type]=local_lease_tax&country_options[us][state]=IL": "Missing required param: country_options[us][local_lease_tax]",
		now + "country=US&country_options[us][type]=local_lease_tax&country_options[us][state]=IL&country_options[us][local_lease_tax][jurisdiction]=06613":               "Invalid jurisdiction",
		now + "country=US&country_options[us][type]=state_sales_tax&country_options[us][state]=CA&country_options[us][local_lease_tax][jurisdiction]=14000":               "when country_options[us][type] is local_lease_tax",
		now + "country=US&country_options[us][type]=state_sales_tax&country_options[us][state]=TX&country_options[us][state_sales_tax][elections][0][type]=local_use_tax": "has a jurisdiction",
		now + "country=CA&country_options[ca][type]=province_standard":                                                                                                    "Missing required param: country_options[ca][province_standard]",
		now + "country=CA&country_options[ca][type]=province_standard&country_options[ca][province_standard][province]=ON":                                                "no provincial sales tax",
		"active_from=soon&country=DE&country_options[de][type]=standard":                                                                                                  "Invalid timestamp: soon",
		now + "expires_at=1&country=DE&country_options[de][type]=standard":                                                                                                "neither in the past",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/tax/registrations", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s: %v", form, body)
		require.Contains(t, errorOf(body)["message"], phrase, form)
	}
	require.Empty(t, b.registrations(t, "all"))
	_, err := b.api.TaxRegistrations.Get("taxreg_x", nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
}
