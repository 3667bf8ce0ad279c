mod support;
use support::*;
use revm_precompile::{Crypto, DefaultCrypto as D};
use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
fn hx(b:&[u8])->String{b.iter().map(|x|format!("{x:02x}")).collect()}
fn line(m:u8,i:&[u8],out:Option<&[u8]>){ println!("L {m} {} {}", hx(i), match out{None=>"01".into(),Some(o)=>format!("00{}",hx(o))}); }
type B1=ark_bn254::g1::Config; type B2=ark_bn254::g2::Config; type L1=ark_bls12_381::g1::Config; type L2=ark_bls12_381::g2::Config;
fn b1(k:Kind,s:u64)->Vec<u8>{coordinates::<B1,32>(k,s).concat()}
fn b2(k:Kind,s:u64)->Vec<u8>{let v=coordinates::<B2,32>(k,s);[v[1],v[0],v[3],v[2]].concat()}
fn l1(k:Kind,s:u64)->Vec<u8>{coordinates::<L1,48>(k,s).concat()}
fn l2(k:Kind,s:u64)->Vec<u8>{coordinates::<L2,48>(k,s).concat()}
fn a<const N:usize>(b:&[u8],o:usize)->[u8;N]{b[o..o+N].try_into().unwrap()}
fn g1(b:&[u8])->([u8;48],[u8;48]){(a(b,0),a(b,48))}
fn g2(b:&[u8])->([u8;48],[u8;48],[u8;48],[u8;48]){(a(b,0),a(b,48),a(b,96),a(b,144))}
fn bytes(s:Fr)->[u8;32]{s.into_bigint().to_bytes_be().try_into().unwrap()}
#[test] fn inputs(){
 use Kind::*;
 let sc:[u8;32]=core::array::from_fn(|i|(i as u8).wrapping_mul(77).wrapping_add(201));
 let i=[b1(Inside,5),b1(Inside,6)].concat(); line(64,&i,D.bn254_g1_add(&i[..64],&i[64..]).ok().as_ref().map(|x|&x[..]));
 let i=[b1(Inside,5),sc.to_vec()].concat(); line(65,&i,D.bn254_g1_mul(&i[..64],&i[64..]).ok().as_ref().map(|x|&x[..]));
 for n in [0,1,2,4]{ let i:Vec<u8>=(0..n).flat_map(|k|[b1(Inside,5+k),b2(Inside,8+k)].concat()).collect(); let p:Vec<_>=i.chunks_exact(192).map(|c|c.split_at(64)).collect(); line(66,&i,D.bn254_pairing_check(&p).ok().map(|b|vec![b as u8]).as_deref()); }
 let i=[l1(OnCurve,5),l1(Inside,6)].concat(); line(67,&i,D.bls12_381_g1_add(g1(&i),g1(&i[96..])).ok().as_ref().map(|x|&x[..]));
 for n in [1,2,8]{ let i:Vec<u8>=(0..n).flat_map(|k|[l1(Inside,5+k),sc.to_vec()].concat()).collect(); line(68,&i,D.bls12_381_g1_msm(&mut i.chunks_exact(128).map(|c|Ok((g1(c),a(c,96))))).ok().as_ref().map(|x|&x[..])); }
 let i=[l2(OnCurve,5),l2(Inside,6)].concat(); line(69,&i,D.bls12_381_g2_add(g2(&i),g2(&i[192..])).ok().as_ref().map(|x|&x[..]));
 for n in [1,2,8]{ let i:Vec<u8>=(0..n).flat_map(|k|[l2(Inside,5+k),sc.to_vec()].concat()).collect(); line(70,&i,D.bls12_381_g2_msm(&mut i.chunks_exact(224).map(|c|Ok((g2(c),a(c,192))))).ok().as_ref().map(|x|&x[..])); }
 for n in [1,2,4]{ let i:Vec<u8>=(0..n).flat_map(|k|[l1(Inside,5+k),l2(Inside,8+k)].concat()).collect(); let p:Vec<_>=i.chunks_exact(288).map(|c|(g1(c),g2(&c[96..]))).collect(); line(71,&i,D.bls12_381_pairing_check(&p).ok().map(|b|vec![b as u8]).as_deref()); }
 let mut e=[9u8;48]; e[0]=3; line(72,&e,D.bls12_381_fp_to_g1(&e).ok().as_ref().map(|x|&x[..]));
 let i=[e,e].concat(); line(73,&i,D.bls12_381_fp2_to_g2((e,e)).ok().as_ref().map(|x|&x[..]));
 // kzg
 let st=c_kzg::ethereum_kzg_settings(8);
 let blob=|s:u64|{let mut b=[0u8;131072]; for i in 0..4096{b[i*32+8..i*32+16].copy_from_slice(&(s*31+i as u64).to_be_bytes())} c_kzg::Blob::new(b)};
 let z=bytes(Fr::from_be_bytes_mod_order(&sc));
 let bl=blob(3); let c=st.blob_to_kzg_commitment(&bl).unwrap(); let (p,y)=st.compute_kzg_proof(&bl,&c_kzg::Bytes32::new(z)).unwrap();
 let i=[&z[..],&y[..],&c.to_bytes()[..],&p.to_bytes()[..]].concat(); line(74,&i,Some(&[]));
 let mut j=i.clone(); j[140]^=1; line(74,&j,None);
 for n in [1usize,6,38]{
  let mut sum=[Fr::from(0);4096]; let mut t=vec![];
  for k in 0..n{ let w=Fr::from_be_bytes_mod_order(&[k as u8+3;32]); let b=blob(k as u64); for (s,e) in sum.iter_mut().zip(b.chunks_exact(32)){*s+=w*Fr::from_be_bytes_mod_order(e)} t.extend(*st.blob_to_kzg_commitment(&b).unwrap().to_bytes()); t.extend(bytes(w)); }
  let sb=c_kzg::Blob::new(sum.map(bytes).concat().try_into().unwrap());
  let (p,y)=st.compute_kzg_proof(&sb,&c_kzg::Bytes32::new(z)).unwrap();
  let i=[&z[..],&y[..],&p.to_bytes()[..],&t].concat(); line(75,&i,Some(&[1]));
  let mut j=i.clone(); j[63]^=1; line(75,&j,Some(&[0]));
 }
}
