package stripe

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTaxRatesHaveASourceAndADate(t *testing.T) {
	t.Parallel()
	for name, source := range taxes.Sources {
		_, err := time.Parse(time.DateOnly, source.AsOf)
		require.NoError(t, err, name)
		require.NotEmpty(t, source.What)
	}
	for code, country := range taxes.Countries {
		require.Nil(t, checkCountry(code, ""), code)
		require.Contains(t, taxes.Sources, country.Source, code)
		require.NotZero(t, country.Percent, code)
		require.Less(t, country.Percent, wholeTax/3, code)
		for _, kind := range country.BusinessIDs {
			require.Contains(t, taxIDFormats.Patterns, kind, code)
		}
	}
	for country := range countryOptionsSpec() {
		if country != "us" { // is taxed by its states
			require.Contains(t, taxes.Countries, strings.ToUpper(country))
		}
	}
	require.Len(t, taxes.States["US"], 52, "with the District of Columbia and Puerto Rico")
	require.Len(t, taxes.States["CA"], 13)
	for country, states := range taxes.States {
		for code, state := range states {
			require.Contains(t, taxes.Sources, state.Source, country+code)
			require.Equal(t, state.Tax == "", state.Percent == 0 && country == "CA", country+code)
		}
	}
}

func TestPostalCodesTellOneState(t *testing.T) {
	t.Parallel()
	for country, known := range map[string]map[string]string{
		"US": {"94103": "CA", "10001": "NY", "20001": "DC", "20101": "VA", "00601": "PR", "73301": "TX", "83101": "WY", "99999": "AK", "00000": "", "09001": "", "34001": "FL"},
		"CA": {"M5V 2T6": "ON", "h2x1y4": "QC", "V6B 1A1": "BC", "X0A 0H0": ""},
	} {
		for code, want := range known {
			require.Equal(t, want, stateOfPostalCode(country, code), code)
		}
	}
	for first := range 1000 {
		code := string([]byte{'0' + byte(first/100), '0' + byte(first/10%10), '0' + byte(first%10)}) + "00"
		matching := 0
		for _, state := range taxes.States["US"] {
			for _, postal := range state.Postal {
				if from, to, _ := strings.Cut(postal, "-"); code[:3] >= from && code[:3] <= to {
					matching++
				}
			}
		}
		require.LessOrEqual(t, matching, 1, code)
	}
}

func TestTaxIDFormatsCompile(t *testing.T) {
	t.Parallel()
	_, err := time.Parse(time.DateOnly, taxIDFormats.AsOf)
	require.NoError(t, err)
	require.Len(t, taxIDFormats.Patterns, 74, "the types of this API version")
	for kind, pattern := range taxIDFormats.Patterns {
		_, err := regexp.Compile("^(?:" + pattern + ")$")
		require.NoError(t, err, kind)
	}
}

func TestTaxIDsOfTheDocumentation(t *testing.T) {
	t.Parallel()
	for kind, example := range map[string]string{
		"ad_nrt": "A-123456-Z", "ae_trn": "123456789012345", "ar_cuit": "12-3456789-01", "au_abn": "12345678912", "au_arn": "123456789123", "br_cnpj": "01.234.456/5432-10",
		"br_cpf": "123.456.789-87", "ca_gst_hst": "123456789RT0002", "ca_pst_bc": "PST-1234-5678", "ca_pst_mb": "123456-7", "ca_qst": "1234567890TQ1234", "ch_vat": "CHE-123.456.789 MWST",
		"ch_uid": "CHE-123.456.789 HR", "cl_tin": "12.345.678-K", "co_nit": "123.456.789-0", "cr_tin": "1-234-567890", "do_rcn": "123-4567890-1", "es_cif": "A12345678",
		"eu_oss_vat": "EU123456789", "eu_vat": "FRAB123456789", "gb_vat": "XI123456789", "hu_tin": "12345678-1-23", "id_npwp": "12.345.678.9-012.345", "in_gst": "12ABCDE3456FGZH",
		"jp_trn": "T1234567891234", "ke_pin": "P000111111A", "kr_brn": "123-45-67890", "mx_rfc": "ABC010203AB9", "my_itn": "C 1234567890", "my_sst": "A12-3456-78912345",
		"ng_tin": "12345678-0001", "no_vat": "123456789MVA", "om_vat": "OM1234567890", "sg_gst": "M12345678X", "sg_uen": "123456789F", "sv_nit": "1234-567890-123-4",
		"us_ein": "12-3456789", "ve_rif": "A-12345678-9", "za_vat": "4123456789",
	} {
		require.Regexp(t, "^(?:"+taxIDFormats.Patterns[kind]+")$", example, kind)
	}
}

func TestPercentagesAreWrittenAsStripeDoes(t *testing.T) {
	t.Parallel()
	for written, shown := range map[string]string{`"9.975"`: "9.975", `"20"`: "20.0", `"25.5"`: "25.5", `"0"`: "0.0", `"0.0625"`: "0.0625"} {
		var f taxFraction
		require.NoError(t, f.UnmarshalJSON([]byte(written)))
		require.Equal(t, shown, f.percent())
	}
	for _, written := range []string{`20`, `"x"`, `"1.23456"`, `""`} {
		var f taxFraction
		require.Error(t, f.UnmarshalJSON([]byte(written)), written)
	}
}
