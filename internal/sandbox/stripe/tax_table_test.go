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
