/** The merchant’s certificate, as WeChat hands it out (apiclient_cert.p12), and as others pack it. */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import forge from 'node-forge';
import { readMerchantCertificate } from '../../proxy/wechat/pay/v2/merchant-certificate.ts';
import { selfSigned } from './self-signed.ts';

const PASSWORD = '1900000109';

// openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 36500 -subj "/CN=1900000109/O=merchant"
const files = {
  // openssl pkcs12 -export -legacy -inkey k.pem -in c.pem -passout pass:1900000109 | base64 -w 110
  'RC2-40 and 3DES': `
MIIJcQIBAzCCCTcGCSqGSIb3DQEHAaCCCSgEggkkMIIJIDCCA9cGCSqGSIb3DQEHBqCCA8gwggPEAgEAMIIDvQYJKoZIhvcNAQcBMBwGCiqGSI
b3DQEMAQYwDgQIYWFsk41GmaoCAggAgIIDkGR3Vw1F/x0LKvyKpGUN0xkBf8dP+/b8uqXHRQzfkhqAk4+5ZCKdA1tolCSKYIJGXRV+/ThrIbDT
Onw5wMIX2uhjKwOzCTj7SvWnzcxME8j9xCU3qTXkIbD2I+/xrd4IUrxbKD2EnEn65m2x61RD4uvA8+NLmaCLebjuV1FNNicB3k7J9ZM32tw/Gj
oWSMfsZ1qWHp7csUmaNcB4qeJjRrTXWIvfN81cCQQn9cymPuno5InmvRP9fWWcYYmoOs/f3Tv/rPdoGJS04/BgGeE5zk1wRN7ebzHWYxE8X9Kw
KLcrM8oRJjwX/R/9ptIyxM4AzgC5k/dJK0yYMHAwU6LL0Kmp6f1LuzAScpdeFdYo33NlWj8Y/aHijT0TshsTCaZcQFpCLXFJeStUY1NQL9NRcS
GflNvYauwk9cGK6/PRfCXlLviLk66RKoOawYm8ZZzAV9xAanb0ua69NY7YDTyUTy3+Tz2bhYYTW2dKg7N9pc7GOsNp4ww/SJAXdlxi1zsOzZL9
tfjVMiDB1LbBPjGXyda+CtevCelLqjcuSDqWOBqCd7K8soey4DWtORnYHyYLWr0naEzXrQBRDxeElBoKqWgv87XH99krToBlVOVfN0alQ38Yku
RLzxbSZCBmsFsWlLpKaQcsrob9e5FGgqzSJbJGGQKM1T/bW5jiONURIiN7o2YhhzOVN++brZ7noV8SEVbE4VyGicV9II9qhig4JLt6u4iD/Cd8
f8Z6mrixSZvV+SGuBKa+a2v5Id6ZgGtun/tzyqN0T04DfWS1GFe21fRAofwvvbRNWs7/ZREqPKwyJv9RjezYNYLW4DI6L9Gaca34/U39ex1uxe
kuUgytRt2FY/kR0ST7SbZgxf7bKePH86pNf56xlIwynQuGBCoBzfFuVPhfi2iz8/pigZ9zFVTRX2g0PLk6U7l8VnDwFmNAioG9SF5OmtcVOa0g
CFHv65VXnQa42bZ8KZ+urPl13Qjp0wH2PK0Ny3M+G5IOH2tDy3ebgpceJXHcJJTW+z3N7ofzW75zvTE5Cgximvj9t9MgTEH0KG6WgVVUzOPyjb
3zJVwK+WVAnDrKllEHCkyrCkFv5nQ3irut2EJNrpA4As1RjH0wegwfN8r8pn0cQ7bJ5SLsnL8/8/CXewULe4e53PzXrYkLz63aTcc7fsmN1M/x
PHEXbugNTlUDCoMRSfVa54NuWu9ayTw1VEVNkY+xyjCCBUEGCSqGSIb3DQEHAaCCBTIEggUuMIIFKjCCBSYGCyqGSIb3DQEMCgECoIIE7jCCBO
owHAYKKoZIhvcNAQwBAzAOBAjyWOaBboNZMAICCAAEggTIAvIOHkxlIBOtxZWcKN3ybg+IMMBUGYb/wLijQl2CZPlW/vye6o5C3tF0qH28KoIo
Myls7B0PmGLM0KiDLEuwHzw9mwNKfy6xwO9aI3FTwJfrGNO3JrcFr04kEuxazCsUJ17zH7xLVYkRboR9/KijX/mayJ45e0cc0Z3BBxUO5xSpo3
v9QI6BeIUd5DQkiE0AYJJ9voDFd0ALD5ixbXs8DnLwOIcljgHyAaesAigmLn3otPAAAdut/hMKpHVLu2/JRZkH3iPvKM2JV9xQcT/06axCGiIe
2DzGYifMLXjxyDfb+FZUfgEhOdfaonlblAKTHCVelbNMNskoivSbuiZUQZHY49sAYsWpGWujz7XufUmQRlBWpz5H0nCzXeO2BzmAn/RfP8Mre5
I3N82ltQj+Y6EWp3SP2hzKn8FiZcQJfYGp3oF0kNHgWp2kKtOvkKiJ0MPx81XM/VMNBKuOhK/VMtZzgTNVNsDCMO7xg2M85Mr7iZSJTCNPNW6y
9jX6ExQ8iY2jB66RSEIodAI5+mfQxmuPtQiPFabLKWKk4S63EBb9777t0TsOFAzqRK0xWx0mALwqKL433r9iBnthPQ7lA8GysSLfsr/0+MyPRQ
yvMSWb8Tz9s2JT7AdYToxl+5Ho99+Mgg8FKDfEAb6clV90roeJSfyy9RiwMMp6r/hNnm8vtXlkR6yDKNSAwFZoJrFUT1VmqkoMLgES9/zzy22o
mgIcBwWv2KpAxIoF6V5ljrksPPKUJWdJ6pEMvL4dgpKAauRskUTI4i+7yl2U7tu17h/dSgDsEk8XVoYQsvhQxPKZwuBvKX/gYZDYH3tqZiS1ta
AMqFNiHR3xMirHUrDIQ3VONv32F8qv0X0zhi/5m94G+LLNSZR8PXF1W04T2b+R8dQj1yZJeMIBUneC0s6bOqMTXBU4TpnulbDeTV1Flnn3i4/5
kaw+q/yH8w0NJev/TBprS95CA68jEqHL97QoZGDAcsfu6cUyWp9HfGwihRFKHIdFIxpVxHD+TLhlZuGcQhjkzSpMcP/PIreS8yeqhLVKDXSFxJ
/xMCmdWD6+xl9dcq/p3l0t1H/sG4YX7FGQyQWvp/I77VRqbkOELs/7vH55u84agcCq9f4HgiwcdhBBpLkhpoVGHQrDbBWJIfFATupdPp25cT2X
YIJd3Z7VD2w2btGhVe0WAJh39gOB0KZyv59VvhlpZB2rY++BIEaMqc7X0Q+BMLs6Sa0qgzMq5+xREoGe6jErhOrDGgnaXXDWLIyviWxArEqeea
wLbP75nA+Zp1U14N14iRj4FQ5hXixH8vg+YYFK6/B5WVAs39WgZFx2vO/hUh1/gmPYnVtQNuR9gTfGZyUdWPzHb0aVUC0bxSnPF7PvitJFyfNb
FviOqpnid3yC6F5hAT1oSlADgnfvdukaKil4YeysgksKjkRcqVsuCxpoUen1Mx7ZYZab3RNDMg0dPK3YFYcljevwxjHr3kvcCIgcLLkao/k1W1
xEPTiItdR8ApqDwYXn2WO7cn98SZPpeg491ow+CLWWKd7ntiEU4eABMKurSNwZg+pfitDALEadN7dGsEAVuMXbASi7otBZ+33dvlAZje+l3rre
Mt++ZPnjxkroOnnNd44n2f6/Hgh8MSUwIwYJKoZIhvcNAQkVMRYEFKwYAHFauqaI/oGL3Nfo44VLs9UnMDEwITAJBgUrDgMCGgUABBTPpeyBMi
Q6oKRUwgEd2XRXNb58sQQI4ygeiP6JmfcCAggA`,
  // openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:1900000109 | base64 -w 110
  'AES-256 (PBES2)': `
MIIJ/wIBAzCCCbUGCSqGSIb3DQEHAaCCCaYEggmiMIIJnjCCBBIGCSqGSIb3DQEHBqCCBAMwggP/AgEAMIID+AYJKoZIhvcNAQcBMFcGCSqGSI
b3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhxO6BkJaswngICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDbeIx2SQszk3AAzZRR5EASA
ggOQD7A+cUvEdLxVhsAcfR/u5aW7tOOlMJDbEkkwHG5PTrgkcbRn3vD9JdK8SGxvC9IWC1FWHloa00lDJdnmE6qMru/o96sd17If3yys+AzoFg
sVLjhNHOMkYpcKtgys+LDB5IUmZjGjFHnLE9xltbnKINIPTC3uy30wCTkOW+GGqF9L3vw2yts1HudQ2unH/ixU8ePiPColLnlnbDXsP7+QukyA
VI1s5ZLWRFYHqS+BhHzoyeJzNA1yHm1MCy6Aj6GBb1d9cZEHZjdlkQw2y5IjeZiAwN8yiE0R5Jzid2wJxGcYDm1sx25J2TmllFZ8S4P7i9C6Ab
4yNox11Bklp32I05DKuwNabnaEKDMWiZgB9u2JLcoFadZNpwKiut624trKUBGTAZ5vuXCeiqtwmArB/9EQsysWPmb08ZVnmluCCUy9Z3Nu8dNe
TSikke1mrUkso6jtmPB6j/h1fF0xYrTv4/MNCP8v++hjiUvdLyFXim1Ehuk5nt27+xYEL2yDRQ8uecsA9kbhyJ5GQnV4EVeefzgPmZcx3WIohE
dPuF1svSNQWFyNQZTYibZbwJaykz2cHMlS57mKHkvD9IRdAXwBCL52MRb64v7xK7Cvhy0cqof5P4Uan9ONbAFKPKU+elUjaBrbHOhq7V/7WxXl
zUOqprx7wG5gzdANoXiKpND4Cu41aCoXjbXn5MvTvkRmopdDAqORouADNbCVLLvxq6IjvzIbTrk/tmroyxaj+a5Eg2PeMN3QxcgPZKR0aPpFPm
AA/UVzfF105tS3EWiKFMMT+VHu6nllWFt8DpimNWJAV9C2fV0L+w7jXmxWsZXt+rLXcheDzUJcRBFH2Qi06IH8cuCTRr14dKwdLLQDvJ6trFzU
ZRj/SCenxPwdIQBChubW4/DWYq451ZLMLTQlx88XNmLe5oR2DT0JXiPkZQ69Sesy55oJQczN4aZgsGdph37kesG5Po7pBsQjIU2It25CHvPvvl
JCdidoGnuVY32+Wuo7QaBJRNYKaJ6yZ5NaFQ1EZt72cY8A5pY+yY9eZkpDOwhvOjACFbiThFszY5zPnNHRoPCCn47Myc/0ZiL05Mlw1RJaiYm0
yXBRjZ4yzLKX5yLWzSN9VrbuQfLPBOOx+nQZbXFaAhOMNMyzhuXd6d5wgOorzMmSKNTU7LSjBlTIpYa3pxUu07ObInJ/o0UoFEm6uJBkES3Owl
BCHtEPav19MIIFhAYJKoZIhvcNAQcBoIIFdQSCBXEwggVtMIIFaQYLKoZIhvcNAQwKAQKgggUxMIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG
9w0BBQwwHAQIDtbt/W8+EloCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBCU9IEfXGxPWL7CkUeRi8YNBIIE0FrUwSpdzmPLQJ6nHh
y9oEy8qPJgb9ZILPvysLvPoTOddtAKQhP5eWQvgWKeRm0xx7Q8LXlDRGklYlw2y4BXYHCJbahgXa1FQ0Q05avBytB1G9SVqSO5meHNggQsuQvg
Wch4PIjA2kN7xbUZtA/9qnE2Cpj5D50Ns2MmtqsxS0XKhFF+FHz9IPwXuAtYgJFOHfEH5RTZPq46KYA9azqdDoNH6Q9LdOs0TZVgonNMVD+Tw/
0Op3bTAJS2EX1pxDvSxdAzgmfZCNgQ7EpNNHF4cWYtZchr56Mw4JiotfV17y/U7vlAT4xEVXxkK0zguBU6k7mGjqvHspMUhMKa2PsIKuhHB/Kv
pu+uSW4twy+CGr9B2FNLtO14TGYXStToyPDmzC8Oq8lBMgm7BZxvhEudeBZqQEqkR0jvUp9K+7Jhv3TUoPquUZqtxLbMLLWUiELgttmokrU+hj
SqI4/o0pRvdszfFCvtBMUmOcDGmDjTH8PVGujoT+4tM3MVOrTpWXNbcLhPGFXSeaqxik31g2UsZBEqenZG422lwD4O00wvbMc+XQ6Gnf1UkoHP
CzqqJkYnONuWqZFJO1U+TA45jN4p0/oonzEtQEgdeekzmiRfNTgNq5Bm78eWuF7u0JDs+L9M7Eop4cyxPhbGqeR1PrVLAZqLtGIxFRtQfGq6G9
bwsy1Eni1Tk6LQGqAtapeLLD7BXA8QXlR0ii+rtPzyLi9X7SwbomgPw2YXC0zPvBuvhpRxjPc/jYnOmDIf2jACBWbF9ZoyP6kUV7RWKN4Gl8iB
960CyVRiB3yNDY+ZWinYPg7yhRPDQNf5KyHY/XYAyle1FKRF2TLo+Ynu83vafbg24gF+Ov4l0CU9mv4/9kSCuy1cJb4rWAynQsRBUPhebxb/Dj
QZGKhYoGU3lSkmB0qlxAxzudTHmOaWHqg4Y6KtlyjjBdWu++YwBHeRtNcgL/OGBblYru8YYh44xSv6256WiFk6BBIajjNzQgdmK256F2A+poUj
1knmJieUKMxCWAd9I1tYYQyMyky3Akij1+ZHE//bOOG7USsjVTX1PYvJFfbS5YeanxB/qJLjXWdoosdP3xeziIszOJkWfNQVCePBxhLI3S5hoV
bit33nJVEDPWB32orZTdUa6c+n7Tv53cyDoVi+tg4rerfCWY1WRm15AO8SpafAaMjS55mPpCO1NockHquvET46OzfmiTwxryIF6pWKDbKmZrFi
brIjywy4clnffPDhlILlp6dydFxniGtoAD9ECGmAd6Emu8xNadSy468hSDgpY1wzeg0UbVdV3ZsLqjMCPV7CKQ+7aTVEtCDpqWKcIEPOzjFAzH
a4k3R/e8vDUvsElxkmk0uKj/kOMQWGVlRrfehwNXC5SfaiHLXx0GzOO/f9Fioed1DGbXinyQCbsTyF93raRWZh6q4zhk7HlBlSwEqPZjx/THSD
0QP0KO7GmdXUUOJ1dwF+yLtxtYo4wZkPBUnfDyvMquzbdiwUm1Z6uwLIXL+fcFG0tsWFkEEO+9D9uU14rG+Ejm+JXMAnDJSY0SGg2QAiTAYp7J
8iJfTge5G0q7f+2tADCy/UEF9ZCLpJ/Hph3tayznQX+5LZGwTn3+DXGeFy3ukreddaDZh9CSeW/g98q82a6RCRMSUwIwYJKoZIhvcNAQkVMRYE
FKwYAHFauqaI/oGL3Nfo44VLs9UnMEEwMTANBglghkgBZQMEAgEFAAQgW/6bQd/LpURiPI/iaRY42B1o2qRerK7AzUZYX93tqRgECG7m1iODOZ
WnAgIIAA==`,
};

const NOT_PKCS12 = { message: 'The merchant certificate is not a PKCS#12 file, or a damaged one.' };

for (const [encryption, base64] of Object.entries(files)) {
  const file = Buffer.from(base64, 'base64');

  describe(`a certificate file encrypted with ${encryption}`, () => {
    it('gives its key and the certificate of that key', () => {
      const { key, cert } = readMerchantCertificate(file, PASSWORD);
      const certificate = new X509Certificate(cert);
      assert.equal(certificate.checkPrivateKey(createPrivateKey(key)), true);
      assert.equal(certificate.subject, 'CN=1900000109\nO=merchant');
    });

    for (const password of ['', '1900000108', `${PASSWORD} `, '商户号']) {
      it(`says so where the password is wrong: “${password}”`, () => {
        const message = 'The password does not open the merchant certificate. By default it is the merchant number.';
        assert.throws(() => readMerchantCertificate(file, password), { message });
      });
    }

    it('says so where it is cut off, anywhere', () => {
      const end = fc.integer({ min: 0, max: file.length - 1 });
      fc.assert(
        fc.property(end, (end) =>
          assert.throws(() => readMerchantCertificate(file.subarray(0, end), PASSWORD), NOT_PKCS12),
        ),
        { numRuns: 30 },
      );
    });

    it('is never read otherwise where a bit of it is another', () => {
      const genuine = readMerchantCertificate(file, PASSWORD);
      fc.assert(
        fc.property(fc.nat({ max: file.length - 1 }), fc.nat({ max: 7 }), (position, bit) => {
          const changed = Buffer.from(file);
          changed[position]! ^= 1 << bit;
          let read: typeof genuine | undefined;
          try {
            read = readMerchantCertificate(changed, PASSWORD);
          } catch (error) {
            assert.match((error as Error).message, /^The (password|merchant certificate) [\w #,]+\b/);
            assert.equal((error as Error).cause, undefined);
          }
          // Some bits carry nothing.
          if (read) assert.deepEqual(read, genuine);
        }),
        { numRuns: 60 },
      );
    });
  });
}

describe('a certificate file that holds something else', () => {
  const own = selfSigned('merchant');
  const other = selfSigned('authority');

  function pack(key: string | null, ...certificates: string[]): Buffer {
    const privateKey = key === null ? null : forge.pki.privateKeyFromPem(key);
    const chain = certificates.map((pem) => forge.pki.certificateFromPem(pem));
    const options = { generateLocalKeyId: false } as const;
    const asn1 = forge.pkcs12.toPkcs12Asn1(privateKey!, chain, PASSWORD, options);
    return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1');
  }

  it('may hold other certificates too', () => {
    const { cert } = readMerchantCertificate(pack(own.key, other.cert, own.cert), PASSWORD);
    assert.equal(new X509Certificate(cert).subject, 'CN=merchant');
  });

  it('is refused without a certificate of its key', () => {
    const message = 'The merchant certificate file holds no certificate for its key.';
    assert.throws(() => readMerchantCertificate(pack(own.key, other.cert), PASSWORD), { message });
  });

  it('is refused without a key', () => {
    const message = 'The merchant certificate file holds no RSA key.';
    assert.throws(() => readMerchantCertificate(pack(null, own.cert), PASSWORD), { message });
  });
});

describe('what is no certificate file', () => {
  const others: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    text: Buffer.from('apiclient_cert.p12'),
    'base64 that nobody has decoded': Buffer.from(files['AES-256 (PBES2)'].replaceAll('\n', '')),
    PEM: Buffer.from(readMerchantCertificate(Buffer.from(files['AES-256 (PBES2)'], 'base64'), PASSWORD).cert),
    'other DER': Buffer.from('3003020101', 'hex'),
  };
  for (const [kind, file] of Object.entries(others)) {
    it(`is refused: ${kind}`, () => assert.throws(() => readMerchantCertificate(file, PASSWORD), NOT_PKCS12));
  }
});
