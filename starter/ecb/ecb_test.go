package ecb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/starter/ecb"
)

// parsed reads a file and writes each rate in a line.
func parsed(t *testing.T, content string) (ecb.Read, []string) {
	t.Helper()
	var rates []string
	read, err := ecb.Parse(strings.NewReader(content), func(batch []ecb.Rate) error {
		for _, r := range batch {
			require.Equal(t, []string{"EUR", "ECB"}, []string{string(r.From), r.Source})
			rates = append(rates, fmt.Sprintf("line %d: %s %s = %s", r.Line, r.Date, r.To, r.Value))
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(rates), read.Rates)
	return read, rates
}

func TestTheFileOfOneDay(t *testing.T) {
	t.Parallel()
	read, rates := parsed(t, "Date, USD, JPY, ISK, \n26 February 2027, 1.0815, 162.42, 148.10, \n")
	require.Equal(t, []string{"line 2: 2027-02-26 USD = 1.0815", "line 2: 2027-02-26 JPY = 162.42", "line 2: 2027-02-26 ISK = 148.1"}, rates)
	require.Equal(t, 1, read.Days)
	require.Empty(t, read.Rejected)
}

func TestTheFileOfAllDays(t *testing.T) {
	t.Parallel()
	read, rates := parsed(t, "\xef\xbb\xbfDate,USD,CYP,ISK,TRL,\r\n2027-02-26,1.0815,N/A,148.1,N/A,\r\n\r\n2007-12-31,1.4721,0.585274,91.25,,\r\n1999-01-04,1.1789,0.58231,N/A,371.6,\r\n")
	require.Equal(t, []string{
		"line 2: 2027-02-26 USD = 1.0815", "line 2: 2027-02-26 ISK = 148.1",
		"line 4: 2007-12-31 USD = 1.4721", "line 4: 2007-12-31 ISK = 91.25",
		"line 5: 1999-01-04 USD = 1.1789",
	}, rates)
	require.Equal(t, 3, read.Days)
	require.Equal(t, []string{"1999-01-04", "2027-02-26"}, []string{read.First.String(), read.Last.String()})
	require.Equal(t, []string{"CYP", "TRL"}, read.Retired)
}

func TestXML(t *testing.T) {
	t.Parallel()
	const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
	<Cube>
%s
	</Cube>
</gesmes:Envelope>`
	read, rates := parsed(t, fmt.Sprintf(envelope, `<Cube time='2027-02-26'>
<Cube currency='USD' rate='1.0815'/>
<Cube currency='HRK' rate='7.5'/>
<Cube currency='JPY' rate='162.42'/></Cube>
<Cube time="2027-02-25"><Cube currency="USD" rate="1.08"/><Cube currency="JPY"
 rate="much"/></Cube>
<Cube time="yesterday"><Cube currency="USD" rate="1.08"/></Cube>
<Cube time="2027-02-24"><Cube currency="USD" rate="1.07"/></Cube>`))
	require.Equal(t, []string{"line 7: 2027-02-26 USD = 1.0815", "line 9: 2027-02-26 JPY = 162.42", "line 13: 2027-02-24 USD = 1.07"}, rates)
	require.Equal(t, []string{"HRK"}, read.Retired)
	require.Equal(t, 2, read.RejectedDays)
	require.Equal(t, 11, read.Rejected[0].Line)
	require.Contains(t, read.Rejected[0].Reason, `JPY: "much" is not a number`)
	require.Equal(t, ecb.Rejected{Line: 12, Reason: `"yesterday" is not a day such as 2027-02-26 or 26 February 2027`}, read.Rejected[1])
}

func TestWrongLinesAreRejectedByNumber(t *testing.T) {
	t.Parallel()
	read, rates := parsed(t, `Date,USD,JPY
2027-02-30,1,2
2027-02-26,1.0815,162.42,3
2027-02-25,1.08,-162
2027-02-24,1.08,0
2027-02-23,"1,08",162
2027-02-22,1.08,1e2
2027-02-21,1.08
2027-02-20
`)
	require.Equal(t, []string{"line 8: 2027-02-21 USD = 1.08"}, rates)
	require.Equal(t, 2, read.Days)
	var reasons []string
	for i, rejected := range read.Rejected {
		require.Equal(t, i+2, rejected.Line)
		reasons = append(reasons, rejected.Reason)
	}
	require.Equal(t, []string{
		`"2027-02-30" is not a day such as 2027-02-26 or 26 February 2027`,
		"3 rates for 2 currencies",
		"JPY: -162 is not a rate: it must be above 0",
		"JPY: 0 is not a rate: it must be above 0",
		"3 rates for 2 currencies",
		`JPY: "1e2" is not a number: write digits with an optional point, such as -12.34`,
	}, reasons)
}

func TestOtherFilesAreRefusedWhole(t *testing.T) {
	t.Parallel()
	for says, content := range map[string]string{
		"is empty":                   "",
		"nothing but spaces":         strings.Repeat(" ", 10_000),
		`begins with "customer"`:     "customer,USD\n1,2\n",
		`begins with "Date"`:         "Date\n2027-02-26\n",
		"names USD twice":            "Date,USD,JPY,USD\n",
		`column 3: "dollars" is not`: "Date,USD,dollars\n",
		`column 3: "" is not`:        "Date,USD,,JPY\n",
		"EUR is the currency":        "Date,EUR\n",
		"more than 500":              "Date" + strings.Repeat(",USD", 501),
		"a line of more than":        "Date,USD\n" + strings.Repeat("1", 1<<21),
		"no Cube with rates":         "<html><body>not found</body></html>",
		"not well-formed XML":        "<Cube><Cube time='2027-02-26'>",
	} {
		_, err := ecb.Parse(strings.NewReader(content), func([]ecb.Rate) error {
			require.Fail(t, "nothing is kept", says)
			return nil
		})
		require.ErrorContains(t, err, says)
	}
}

// Memory does not grow with the file: rates leave in batches.
func TestRatesLeaveInBatches(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	content.WriteString("Date,USD,JPY,GBP\n")
	for i := range 9000 {
		fmt.Fprintf(&content, "%04d-%02d-%02d,1,2,3\n", 1000+i/300, 1+i%300/25, 1+i%25)
	}
	largest, all := 0, 0
	read, err := ecb.Parse(strings.NewReader(content.String()), func(batch []ecb.Rate) error {
		largest, all = max(largest, len(batch)), all+len(batch)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{9000, 27000, 27000}, []int{read.Days, read.Rates, all})
	require.Less(t, largest, 5010)
	broken := errors.New("the disk is full")
	_, err = ecb.Parse(strings.NewReader(content.String()), func([]ecb.Rate) error { return broken })
	require.ErrorIs(t, err, broken)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Date, USD, JPY, \n26 February 2027, 1.0815, 162.42, \n", "\xef\xbb\xbfDate,USD,CYP,\r\n2027-02-26,1.0815,N/A,\r\n", "Date,USD\n2027-02-26,1e999999999\n",
		"<Cube><Cube time='2027-02-26'><Cube currency='USD' rate='1.0815'/></Cube></Cube>", "<Cube time='x'><Cube time='y'>", "<!DOCTYPE a [<!ENTITY b 'c'>]><Cube>&b;</Cube>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		kept := 0
		read, err := ecb.Parse(strings.NewReader(string(content)), func(batch []ecb.Rate) error {
			kept += len(batch)
			for _, r := range batch {
				require.True(t, r.Value.IsPositive())
				require.NoError(t, money.CheckDecimal(r.Value))
				require.False(t, r.Date.IsZero())
				require.Positive(t, r.Line)
				known, err := money.ParseCurrency(string(r.To))
				require.NoError(t, err)
				require.Equal(t, r.To, known)
			}
			return nil
		})
		if err == nil {
			require.Equal(t, read.Rates, kept)
		}
	})
}
