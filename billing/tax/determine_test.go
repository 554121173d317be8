package tax_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/tax"
)

func day(t *testing.T, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	require.NoError(t, err)
	return d
}

// registeredEverywhere is a seller in the United States with a UK and a non-union OSS registration.
func registeredEverywhere(t *testing.T) tax.Seller {
	t.Helper()
	from := day(t, "2020-01-01")
	return tax.Seller{Country: "US", Registrations: []tax.Registration{
		{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB980780684", From: from},
		{Scheme: tax.SchemeEUOSS, Country: "IE", Number: "EU372000041", From: from},
	}}
}

func TestStandardRatesChangeOnTheirDay(t *testing.T) {
	t.Parallel()
	tests := []struct{ country, day, rate string }{
		{"FI", "2024-08-31", "24"},
		{"FI", "2024-09-01", "25.5"},
		{"EE", "2025-06-30", "22"},
		{"EE", "2025-07-01", "24"},
		{"RO", "2025-07-31", "19"},
		{"RO", "2025-08-01", "21"},
		{"SK", "2024-12-31", "20"},
		{"SK", "2025-01-01", "23"},
		{"DE", "2020-06-30", "19"},
		{"DE", "2020-07-01", "16"},
		{"DE", "2020-12-31", "16"},
		{"DE", "2021-01-01", "19"},
		{"IE", "2020-08-31", "23"},
		{"IE", "2020-09-01", "21"},
		{"IE", "2021-02-28", "21"},
		{"IE", "2021-03-01", "23"},
		{"EE", "2023-12-31", "20"},
		{"EE", "2024-01-01", "22"},
		{"LU", "2022-12-31", "17"},
		{"LU", "2023-01-01", "16"},
		{"LU", "2023-12-31", "16"},
		{"LU", "2024-01-01", "17"},
		{"GB", "2027-01-01", "20"},
	}
	for _, tc := range tests {
		t.Run(tc.country+" "+tc.day, func(t *testing.T) {
			t.Parallel()
			d, err := tax.Determine(registeredEverywhere(t), tax.Buyer{Country: tc.country}, "saas_b2c", day(t, tc.day))
			require.NoError(t, err)
			require.Equal(t, tax.Taxed, d.Treatment)
			require.Equal(t, tc.rate, d.Rate.String())
			require.Equal(t, tc.country, d.Jurisdiction)
			require.NotEmpty(t, d.Rule)
		})
	}
}

func TestEveryMemberStateHasItsRateIn2027(t *testing.T) {
	t.Parallel()
	rates := map[string]string{
		"AT": "20", "BE": "21", "BG": "20", "HR": "25", "CY": "19", "CZ": "21", "DK": "25", "EE": "24", "FI": "25.5",
		"FR": "20", "DE": "19", "GR": "24", "HU": "27", "IE": "23", "IT": "22", "LV": "21", "LT": "21", "LU": "17",
		"MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21", "SK": "23", "SI": "22", "ES": "21", "SE": "25",
	}
	require.Len(t, rates, 27)
	for country, rate := range rates {
		d, err := tax.Determine(registeredEverywhere(t), tax.Buyer{Country: country}, "ai_api_usage", day(t, "2027-02-14"))
		require.NoError(t, err)
		require.Equal(t, rate, d.Rate.String(), country)
		require.Equal(t, tax.SchemeEUOSS, d.Scheme)
	}
}

func TestTerritories(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		buyer        tax.Buyer
		treatment    tax.Treatment
		jurisdiction string
		rate         string
	}{
		{"Monaco is France", tax.Buyer{Country: "MC", PostalCode: "98000"}, tax.Taxed, "FR", "20"},
		{"Monaco written as France", tax.Buyer{Country: "FR", PostalCode: "98000"}, tax.Taxed, "FR", "20"},
		{"Isle of Man is the UK", tax.Buyer{Country: "IM"}, tax.Taxed, "GB", "20"},
		{"Northern Ireland is the UK for services", tax.Buyer{Country: "XI"}, tax.Taxed, "GB", "20"},
		{"Greece by its VAT prefix", tax.Buyer{Country: "EL"}, tax.Taxed, "GR", "24"},
		{"lower case", tax.Buyer{Country: "de"}, tax.Taxed, "DE", "19"},
		{"Tenerife", tax.Buyer{Country: "ES", PostalCode: "38001"}, tax.OutOfScope, "ES-CN", "0"},
		{"Gran Canaria", tax.Buyer{Country: "ES", PostalCode: "35 001"}, tax.OutOfScope, "ES-CN", "0"},
		{"Canaries by region", tax.Buyer{Country: "ES", Region: "CN"}, tax.OutOfScope, "ES-CN", "0"},
		{"Ceuta", tax.Buyer{Country: "ES", PostalCode: "51001"}, tax.OutOfScope, "ES-CE", "0"},
		{"Melilla", tax.Buyer{Country: "ES", PostalCode: "52001"}, tax.OutOfScope, "ES-ML", "0"},
		{"Madrid", tax.Buyer{Country: "ES", PostalCode: "28001"}, tax.Taxed, "ES", "21"},
		{"Åland by code", tax.Buyer{Country: "AX"}, tax.OutOfScope, "AX", "0"},
		{"Åland by post", tax.Buyer{Country: "FI", PostalCode: "AX-22100"}, tax.OutOfScope, "AX", "0"},
		{"Büsingen", tax.Buyer{Country: "DE", PostalCode: "78266"}, tax.OutOfScope, "DE-Büsingen", "0"},
		{"Heligoland", tax.Buyer{Country: "DE", PostalCode: "D-27498"}, tax.OutOfScope, "DE-Heligoland", "0"},
		{"Livigno", tax.Buyer{Country: "IT", PostalCode: "23041"}, tax.OutOfScope, "IT-Livigno", "0"},
		{"Campione", tax.Buyer{Country: "IT", PostalCode: "IT-22061"}, tax.OutOfScope, "IT-Campione", "0"},
		{"Réunion", tax.Buyer{Country: "FR", PostalCode: "97400"}, tax.OutOfScope, "RE", "0"},
		{"Guyane", tax.Buyer{Country: "FR", PostalCode: "97300"}, tax.OutOfScope, "GF", "0"},
		{"Guadeloupe", tax.Buyer{Country: "FR", PostalCode: "97110"}, tax.OutOfScope, "GP", "0"},
		{"Martinique", tax.Buyer{Country: "FR", Region: "972"}, tax.OutOfScope, "MQ", "0"},
		{"Corsica is France", tax.Buyer{Country: "FR", PostalCode: "20000"}, tax.Taxed, "FR", "20"},
		{"Mayotte", tax.Buyer{Country: "YT"}, tax.OutOfScope, "YT", "0"},
		{"Mount Athos", tax.Buyer{Country: "GR", PostalCode: "630 86"}, tax.OutOfScope, "GR-69", "0"},
		{"Jersey", tax.Buyer{Country: "GB", PostalCode: "JE2 3AB"}, tax.OutOfScope, "JE", "0"},
		{"Madeira", tax.Buyer{Country: "PT", PostalCode: "9000-001"}, tax.Taxed, "PT", "22"},
		{"Azores", tax.Buyer{Country: "PT", PostalCode: "9500-150"}, tax.Taxed, "PT", "16"},
		{"Lisbon", tax.Buyer{Country: "PT", PostalCode: "1100-001"}, tax.Taxed, "PT", "23"},
		{"United States", tax.Buyer{Country: "US"}, tax.OutOfScope, "US", "0"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := tax.Determine(registeredEverywhere(t), tc.buyer, "saas_b2b", day(t, "2027-01-01"))
			require.NoError(t, err)
			require.Equal(t, tc.treatment, d.Treatment)
			require.Equal(t, tc.jurisdiction, d.Jurisdiction)
			require.Equal(t, tc.rate, d.Rate.String())
			require.NotEmpty(t, d.Reason)
		})
	}
}

func TestReverseCharge(t *testing.T) {
	t.Parallel()
	from := day(t, "2020-01-01")
	german := tax.Seller{Country: "DE", Registrations: []tax.Registration{
		{Scheme: tax.SchemeEUVAT, Country: "DE", From: from}, {Scheme: tax.SchemeEUOSS, Country: "DE", From: from},
	}}
	germanAtHome := tax.Seller{Country: "DE", Registrations: german.Registrations[:1]}
	british := tax.Seller{Country: "GB", Registrations: []tax.Registration{{Scheme: tax.SchemeUKVAT, Country: "GB", From: from}}}
	business := func(country, id string, valid bool) tax.Buyer {
		return tax.Buyer{Country: country, Business: true, TaxID: id, TaxIDValid: valid}
	}
	tests := []struct {
		name      string
		seller    tax.Seller
		buyer     tax.Buyer
		treatment tax.Treatment
		scheme    tax.Scheme
		reason    string
		note      string
	}{
		{"validated id abroad", registeredEverywhere(t), business("DE", "DE136695976", true), tax.ReverseCharge, "", tax.ReasonValidTaxID, tax.NoteEUReverseCharge},
		{"id not validated", registeredEverywhere(t), business("DE", "DE136695976", false), tax.Taxed, tax.SchemeEUOSS, tax.ReasonNoValidTaxID, ""},
		{"consumer with an id", registeredEverywhere(t), tax.Buyer{Country: "DE", TaxID: "DE136695976", TaxIDValid: true}, tax.Taxed, tax.SchemeEUOSS, tax.ReasonConsumer, ""},
		{"id of another country", registeredEverywhere(t), business("FR", "DE136695976", true), tax.Taxed, tax.SchemeEUOSS, tax.ReasonTaxIDElsewhere, ""},
		{"Greek id starts with EL", registeredEverywhere(t), business("GR", "EL 094259216", true), tax.ReverseCharge, "", tax.ReasonValidTaxID, tax.NoteEUReverseCharge},
		{"same country as the seller", german, business("DE", "DE136695976", true), tax.Taxed, tax.SchemeEUVAT, tax.ReasonDomestic, ""},
		{"other member state", german, business("FR", "FR40303265045", true), tax.ReverseCharge, "", tax.ReasonValidTaxID, tax.NoteEUReverseCharge},
		{"without a One Stop Shop registration", germanAtHome, business("FR", "FR40303265045", true), tax.ReverseCharge, "", tax.ReasonValidTaxID, tax.NoteEUReverseCharge},
		{"consumer abroad without one", germanAtHome, tax.Buyer{Country: "FR"}, tax.OutOfScope, "", tax.ReasonNotRegistered, ""},
		{"consumer abroad", german, tax.Buyer{Country: "FR"}, tax.Taxed, tax.SchemeEUOSS, tax.ReasonConsumer, ""},
		{"UK business, seller abroad", registeredEverywhere(t), business("GB", "GB980780684", true), tax.ReverseCharge, "", tax.ReasonValidTaxID, tax.NoteUKReverseCharge},
		{"UK business, UK seller", british, business("GB", "GB980780684", true), tax.Taxed, tax.SchemeUKVAT, tax.ReasonDomestic, ""},
		{"Canary business", registeredEverywhere(t), tax.Buyer{Country: "ES", PostalCode: "38001", Business: true, TaxID: "ESB58378431", TaxIDValid: true}, tax.OutOfScope, "", tax.ReasonOutsideTerritory, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := tax.Determine(tc.seller, tc.buyer, "saas_b2b", day(t, "2027-01-01"))
			require.NoError(t, err)
			require.Equal(t, tc.treatment, d.Treatment)
			require.Equal(t, tc.scheme, d.Scheme)
			require.Equal(t, tc.reason, d.Reason)
			require.Equal(t, tc.note, d.Note)
			require.Equal(t, tc.treatment != tax.Taxed, d.Rate.IsZero())
		})
	}
}

func TestExemptAndZeroCategories(t *testing.T) {
	t.Parallel()
	at := day(t, "2027-01-01")
	exempt, err := tax.Determine(registeredEverywhere(t), tax.Buyer{Country: "GB"}, "financial_service", at)
	require.NoError(t, err)
	require.Equal(t, tax.Exempt, exempt.Treatment)
	require.Equal(t, tax.SchemeUKVAT, exempt.Scheme, "exempt sales are part of box 6")

	inEU, err := tax.Determine(registeredEverywhere(t), tax.Buyer{Country: "AT"}, "financial_service", at)
	require.NoError(t, err)
	require.Equal(t, tax.Exempt, inEU.Treatment)
	require.Empty(t, inEU.Scheme)

	zero, err := tax.Determine(registeredEverywhere(t), tax.Buyer{Country: "GB"}, "e_publication", at)
	require.NoError(t, err)
	require.Equal(t, tax.Zero, zero.Treatment)
}

func TestRegistrationCountsOnItsDaysAlone(t *testing.T) {
	t.Parallel()
	seller := tax.Seller{Country: "US", Registrations: []tax.Registration{
		{Scheme: tax.SchemeUKVAT, Country: "GB", From: day(t, "2027-02-01"), To: day(t, "2027-03-31")},
	}}
	for on, want := range map[string]tax.Treatment{
		"2027-01-31": tax.OutOfScope, "2027-02-01": tax.Taxed, "2027-03-31": tax.Taxed, "2027-04-01": tax.OutOfScope,
	} {
		d, err := tax.Determine(seller, tax.Buyer{Country: "GB"}, "saas_b2c", day(t, on))
		require.NoError(t, err)
		require.Equal(t, want, d.Treatment, on)
	}
	d, err := tax.Determine(seller, tax.Buyer{Country: "DE"}, "saas_b2c", day(t, "2027-02-01"))
	require.NoError(t, err)
	require.Equal(t, tax.ReasonNotRegistered, d.Reason)
}

func TestDetermineRefusesBadInput(t *testing.T) {
	t.Parallel()
	seller, at := registeredEverywhere(t), day(t, "2027-01-01")
	_, err := tax.Determine(seller, tax.Buyer{Country: "ZZ"}, "saas_b2c", at)
	require.ErrorContains(t, err, "buyer.country")
	_, err = tax.Determine(tax.Seller{Country: "UK"}, tax.Buyer{Country: "GB"}, "saas_b2c", at)
	require.ErrorContains(t, err, "seller.country")
	_, err = tax.Determine(seller, tax.Buyer{}, "saas_b2c", at)
	require.ErrorContains(t, err, "buyer.country")
	_, err = tax.Determine(seller, tax.Buyer{Country: "GB"}, "yachts", at)
	require.ErrorContains(t, err, "saas_b2b, saas_b2c")
	_, err = tax.Determine(seller, tax.Buyer{Country: "GB", Business: true, TaxIDValid: true}, "saas_b2b", at)
	require.ErrorContains(t, err, "buyer.tax_id")
	early := tax.Seller{Country: "GB", Registrations: []tax.Registration{{Scheme: tax.SchemeUKVAT, From: day(t, "2010-01-01")}}}
	_, err = tax.Determine(early, tax.Buyer{Country: "GB"}, "saas_b2c", day(t, "2019-12-31"))
	require.ErrorContains(t, err, "no standard tax rate is known for GB on 2019-12-31")
}

func TestNoteText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Steuerschuldnerschaft des Leistungsempfängers", tax.NoteText(tax.NoteEUReverseCharge, "de-AT"))
	require.Equal(t, "Reverse charge", tax.NoteText(tax.NoteEUReverseCharge, "ja"))
	require.NotEmpty(t, tax.NoteText(tax.NoteUKReverseCharge, "en-GB"))
	require.Empty(t, tax.NoteText("none", "en"))
}
